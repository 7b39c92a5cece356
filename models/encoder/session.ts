// An ONNX graph that runs synchronously. onnxruntime-node's `run` is a promise around a call that blocks: its native binding computes before
// it returns (onnxruntime-node/dist/backend.js, release 1.30). A scorer is synchronous, so it calls the binding itself, in the same way. The
// binding is no public interface: what is used of it is checked when a session is opened, and a release without it is told as such.
import { createRequire } from "node:module";
import { existsSync } from "node:fs";
import { isMainThread } from "node:worker_threads";
import type { Env, Tensor, TensorConstructor } from "onnxruntime-node";
import { CordonError } from "#models/errors";
import type { Provider } from "#models/manifest";
import { loadVulkan } from "./vulkan-loader.ts";

export interface SessionOptions {
  /** Default "cpu". What a provider cannot compute, the CPU does. */
  provider?: Provider;
  /** Threads of one run; default: as onnxruntime has it, one for each core. */
  threads?: number;
}

/** What is used of the binding. */
interface NativeSession {
  loadModel(path: string, options: object): void;
  loadModel(buffer: ArrayBufferLike, byteOffset: number, byteLength: number, options: object): void;
  readonly inputMetadata: { name: string }[];
  readonly outputMetadata: { name: string }[];
  run(feeds: Record<string, Tensor>, fetches: Record<string, null>, options: object): Record<string, Tensor>;
  dispose(): void;
}
interface NativeModule {
  initOrt: () => void;
  binding: { InferenceSession: new () => NativeSession; listSupportedBackends: () => { name: string }[] };
}
interface PublicModule {
  Tensor: TensorConstructor;
  env: Env;
}

const INSTALL_GUIDE = "see docs/install.md";

export class SyncSession {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly #native: NativeSession;
  readonly #Tensor: TensorConstructor;
  readonly #fetches: Record<string, null>;

  /**
   * @param model a path or the bytes of a graph @param outputs what `run` gives; default: all
   * @throws CordonError usage/missing-file, model/damaged, model/no-provider
   */
  static open(model: string | Uint8Array, options: SessionOptions = {}, outputs?: readonly string[]): SyncSession {
    const runtime = loadRuntime();
    return new SyncSession(loadGraph(runtime, model, options), runtime.Tensor, outputs);
  }

  private constructor(native: NativeSession, tensor: TensorConstructor, outputs: readonly string[] | undefined) {
    this.#native = native;
    this.#Tensor = tensor;
    this.inputs = native.inputMetadata.map(({ name }) => name);
    this.outputs = outputs ?? native.outputMetadata.map(({ name }) => name);
    this.#fetches = Object.fromEntries(this.outputs.map((name) => [name, null]));
  }

  /** An input over `data` as it lies, without a copy. */
  int64(data: BigInt64Array, dims: readonly number[]): Tensor {
    return new this.#Tensor("int64", data, dims);
  }

  strings(data: readonly string[]): Tensor {
    return new this.#Tensor("string", data, [data.length]);
  }

  /**
   * Blocks until the graph is computed. Inputs are read in place.
   * @throws CordonError model/no-provider where the GPU cannot compute in the graph's precision
   */
  run(feeds: Record<string, Tensor>): Record<string, Tensor> {
    try {
      return this.#native.run(feeds, this.#fetches, {});
    } catch (cause) {
      if (!/requires f16/.test((cause as Error).message)) throw cause;
      throw noProvider("this GPU does not compute in 16 bits", "take --precision fp32", cause);
    }
  }

  /** Frees the memory of the graph. */
  close(): void {
    this.#native.dispose();
  }
}

function loadGraph(runtime: NativeModule & PublicModule, model: string | Uint8Array, options: SessionOptions): NativeSession {
  const { provider = "cpu" } = options;
  if (!runtime.binding.listSupportedBackends().some(({ name }) => name === provider)) {
    throw noProvider(`${provider.toUpperCase()} is not in this build of onnxruntime-node`, "choose another --provider");
  }
  const where = typeof model === "string" ? { where: model } : {};
  if (typeof model === "string" && !existsSync(model)) throw new CordonError("usage/missing-file", "the graph is not there", where);
  if (provider === "webgpu" && !loadVulkan()) throw noGpu();
  const native = new runtime.binding.InferenceSession();
  try {
    if (typeof model === "string") native.loadModel(model, nativeOptions(options));
    else native.loadModel(model.buffer, model.byteOffset, model.byteLength, nativeOptions(options));
  } catch (cause) {
    const reason = (cause as Error).message;
    if (provider === "webgpu" && /webgpu|adapter/i.test(reason)) throw noGpu(cause);
    if (provider === "cuda" && /cuda|cudnn|shared library/i.test(reason)) {
      throw noProvider("CUDA, or the part of onnxruntime that uses it, cannot be loaded", "it is fetched by a command of its own", cause);
    }
    throw new CordonError("model/damaged", "onnxruntime cannot load the graph", { ...where, hint: "train or copy it again", cause });
  }
  return native;
}

function nativeOptions({ provider = "cpu", threads }: SessionOptions): object {
  return {
    executionProviders: provider === "cpu" ? ["cpu"] : [provider, "cpu"],
    graphOptimizationLevel: "all",
    executionMode: "sequential",
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    interOpNumThreads: 1,
    // Plans of memory are made for each shape of a batch anew, and batches here are of many shapes.
    enableMemPattern: false,
    logSeverityLevel: 4,
    // Beside other threads of ours, waiting in a loop takes the time that these compute in.
    extra: { session: { intra_op: { allow_spinning: isMainThread ? "1" : "0" } } },
  };
}

let runtime: (NativeModule & PublicModule) | undefined;

function loadRuntime(): NativeModule & PublicModule {
  if (runtime !== undefined) return runtime;
  const require = createRequire(import.meta.url);
  let loaded: Partial<NativeModule> & PublicModule;
  try {
    const { Tensor, env } = require("onnxruntime-node") as PublicModule;
    const { initOrt, binding } = require("onnxruntime-node/dist/binding.js") as NativeModule;
    loaded = { Tensor, env, initOrt, binding };
  } catch (cause) {
    throw noProvider("onnxruntime-node cannot be loaded", "`npm ci` installs it, for the systems that it has binaries for", cause);
  }
  const { initOrt, binding, Tensor, env } = loaded;
  const methods = binding?.InferenceSession?.prototype as Partial<NativeSession> | undefined;
  const complete = (["loadModel", "run", "dispose"] as const).every((name) => typeof methods?.[name] === "function");
  if (binding === undefined || typeof initOrt !== "function" || typeof binding.listSupportedBackends !== "function" || !complete) {
    throw noProvider(
      "this release of onnxruntime-node has another native binding than 1.30",
      "install the release that package.json names",
    );
  }
  // What fails is thrown; onnxruntime would write it to stderr as well.
  env.logLevel = "fatal";
  initOrt();
  return (runtime = { initOrt, binding, Tensor, env });
}

function noGpu(cause?: unknown): CordonError {
  return noProvider("WebGPU finds no GPU that it can use", "a driver (Vulkan, Metal or Direct3D 12) must be installed", cause);
}

function noProvider(what: string, hint: string, cause?: unknown): CordonError {
  return new CordonError("model/no-provider", what, { hint: `${hint}; ${INSTALL_GUIDE}`, cause });
}
