// WebGPU under Node: Dawn, Chromium's implementation, from the npm package `webgpu`. Makes the device with the limits and features
// that training wants (TensorFlow.js's own start asks for few) and registers the "webgpu" back end of TensorFlow.js on it.
import { createRequire } from "node:module";
import { loadVulkan } from "#models/encoder/vulkan-loader";
import { CordonError } from "#models/errors";
import { tf } from "./tf.ts";

const require = createRequire(import.meta.url);

/** Asked for where the adapter has them; the kernels look at `device.features`. */
const FEATURES = ["shader-f16", "subgroups", "chromium-experimental-subgroup-matrix", "timestamp-query"] as const;
const LIMITS = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupSizeX",
  "maxComputeWorkgroupsPerDimension",
] as const;

const NO_ADAPTER =
  "install the GPU's Vulkan driver and libvulkan1 (Linux), or set VK_DRIVER_FILES to the driver's .json file; --backend wasm needs no GPU";

let opened: { device: GPUDevice } | undefined;

export interface DawnAdapter {
  device: string;
  software: boolean;
}

/** Registers the back end "webgpu" on the fastest adapter. Throws a CordonError where there is none, or none in hardware and `hardwareOnly`. */
export async function openDawn(hardwareOnly: boolean): Promise<DawnAdapter> {
  if (!loadVulkan()) throw noAdapter("no Vulkan loader is there");
  const { create, globals } = await import("webgpu");
  Object.assign(globalThis, globals);
  // The object stays local: Dawn keeps the process alive for as long as someone holds it (its README), so navigator.gpu is never set.
  const gpu = create(["enable-dawn-features=allow_unsafe_apis"]);
  const adapter = await gpu.requestAdapter({ powerPreference: "high-performance" });
  if (adapter === null) throw noAdapter("Dawn finds no graphics adapter");
  const { info } = adapter;
  const name = info.description || info.device || info.architecture || info.vendor;
  const software = info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/i.test(`${info.architecture} ${name}`);
  if (software && hardwareOnly) throw noAdapter(`only a software adapter is there, ${name}`);
  const features = FEATURES.filter((feature) => adapter.features.has(feature as GPUFeatureName));
  const device = await adapter.requestDevice({
    requiredFeatures: features as GPUFeatureName[],
    requiredLimits: Object.fromEntries(LIMITS.map((limit) => [limit, adapter.limits[limit]])),
  });
  const { WebGPUBackend } = require("@tensorflow/tfjs-backend-webgpu") as typeof import("@tensorflow/tfjs-backend-webgpu");
  closeDawn();
  tf.registerBackend("webgpu", () => {
    // Its constructor refuses to start without navigator.gpu, and nothing after it looks there.
    Object.assign(navigator, { gpu });
    try {
      return new WebGPUBackend(device, info);
    } finally {
      delete (navigator as { gpu?: unknown }).gpu;
    }
  });
  opened = { device };
  return { device: name, software };
}

function noAdapter(what: string): CordonError {
  return new CordonError("train/no-backend", what, { where: "--backend webgpu", hint: NO_ADAPTER });
}

/** Frees the device, so that the process can end. */
export function closeDawn(): void {
  if (opened === undefined) return;
  tf.removeBackend("webgpu");
  opened.device.destroy();
  opened = undefined;
}
