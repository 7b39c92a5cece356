// Opens the TensorFlow.js back end that trains: TensorFlow itself (tfjs-node, tfjs-node-gpu), WebGPU through Dawn, WebAssembly.
// All are optional peers; one that is asked for and not there is told in one line with what to install (docs/backends.md).
import { createRequire } from "node:module";
import { cpus } from "node:os";
import { dirname } from "node:path";
import util from "node:util";
import { CordonError } from "#models/errors";
import { closeDawn, openDawn } from "./dawn.ts";
import { registerWasmKernels } from "./kernels/wasm.ts";
import { registerWebgpuKernels } from "./kernels/webgpu.ts";
import { tf } from "./tf.ts";
import { guardWasmMemory } from "./wasm-memory.ts";

const BACKENDS = ["tensorflow", "webgpu", "wasm"] as const;
export type BackendName = (typeof BACKENDS)[number];

export interface Backend {
  name: BackendName;
  /** What computes: the adapter's name, the processor, or TensorFlow's version. */
  device: string;
  /** True where a graphics device is emulated on the CPU (SwiftShader, lavapipe): right numbers, meaningless speed. */
  software: boolean;
}

const require = createRequire(import.meta.url);
let wasmFactory: ReturnType<typeof tf.findBackendFactory> | undefined;
const TENSORFLOW = ["@tensorflow/tfjs-node-gpu", "@tensorflow/tfjs-node"];
const WEBGPU = ["webgpu", "@tensorflow/tfjs-backend-webgpu"];
const WASM = ["@tensorflow/tfjs-backend-wasm"];

/** Opens a back end with Cordon's kernels. "auto": TensorFlow where it is installed, else a GPU in hardware, else WebAssembly. */
export async function openBackend(name: "auto" | BackendName): Promise<Backend> {
  switch (name) {
    case "tensorflow":
      return openTensorflow();
    case "webgpu":
      return openWebgpu(false);
    case "wasm":
      return openWasm();
    case "auto":
      if (TENSORFLOW.some(isInstalled)) return openTensorflow();
      if (WEBGPU.every(isInstalled)) {
        try {
          return await openWebgpu(true);
        } catch (error) {
          if (!(error instanceof CordonError)) throw error;
        }
      }
      return openWasm();
  }
}

/** Frees the back end, so that the process can end; its tensors are gone. */
export function closeBackend(): void {
  closeDawn();
  if (tf.engine().registry["wasm"] === undefined) return;
  const handlers = errorHandlers();
  tf.removeBackend("wasm");
  handlers.restore();
}

async function openTensorflow(): Promise<Backend> {
  const found = TENSORFLOW.find(isInstalled);
  if (found === undefined) throw notInstalled("tensorflow", "@tensorflow/tfjs-node-gpu (CUDA) or @tensorflow/tfjs-node");
  // tfjs-node 4.22 calls a function that Node 23 took out (tensorflow/tfjs#8609).
  if (!("isNullOrUndefined" in util)) Object.assign(util, { isNullOrUndefined: (value: unknown) => value === null || value === undefined });
  require(found);
  await start("tensorflow");
  const { binding } = tf.backend() as unknown as { binding?: { TF_Version?: string } };
  return { name: "tensorflow", device: `TensorFlow ${binding?.TF_Version ?? ""} (${found})`, software: false };
}

async function openWebgpu(hardwareOnly: boolean): Promise<Backend> {
  if (!WEBGPU.every(isInstalled)) throw notInstalled("webgpu", WEBGPU.join(" "));
  const { device, software } = await openDawn(hardwareOnly);
  await start("webgpu");
  registerWebgpuKernels();
  return { name: "webgpu", device, software };
}

async function openWasm(): Promise<Backend> {
  if (!WASM.every(isInstalled)) throw notInstalled("wasm", WASM.join(" "));
  const { setWasmPaths } = require("@tensorflow/tfjs-backend-wasm") as typeof import("@tensorflow/tfjs-backend-wasm");
  setWasmPaths(`${dirname(require.resolve("@tensorflow/tfjs-backend-wasm"))}/`);
  // The package registers it when it is loaded, which is once; closing takes it out.
  wasmFactory ??= tf.findBackendFactory("wasm");
  if (!tf.findBackendFactory("wasm")) tf.registerBackend("wasm", wasmFactory);
  const handlers = errorHandlers();
  await start("wasm");
  handlers.restore();
  guardWasmMemory();
  registerWasmKernels();
  return { name: "wasm", device: `${cpus()[0]?.model.trim() ?? "CPU"}, one thread, WebAssembly SIMD`, software: false };
}

async function start(name: BackendName): Promise<void> {
  // tf.getBackend() throws before the first one is set, and setBackend answers false where the back end does not start.
  if (!(await tf.setBackend(name)))
    throw new CordonError("train/no-backend", "the back end does not start", { where: `--backend ${name}` });
  await tf.ready();
  tf.enableProdMode();
}

/**
 * The process's handlers of errors as they are now, to be put back: WebAssembly's start adds some that end the process on any error of anyone, and
 * its end takes off everyone's.
 */
function errorHandlers(): { restore: () => void } {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const handlers = (event: (typeof events)[number]) => process.listeners(event as "uncaughtException");
  const before = events.map(handlers);
  const restore = (): void =>
    events.forEach((event, i) => {
      const now = handlers(event);
      for (const handler of now) if (!before[i]!.includes(handler)) process.off(event, handler);
      for (const handler of before[i]!) if (!now.includes(handler)) process.on(event, handler as (...args: unknown[]) => void);
    });
  return { restore };
}

function isInstalled(name: string): boolean {
  try {
    require.resolve(name);
    return true;
  } catch {
    try {
      // Packages of ES modules alone have no entry that require() finds.
      import.meta.resolve(name);
      return true;
    } catch {
      return false;
    }
  }
}

function notInstalled(backend: BackendName, packages: string): CordonError {
  return new CordonError("train/no-backend", "the back end is not installed", {
    where: `--backend ${backend}`,
    hint: `npm install ${packages}`,
  });
}
