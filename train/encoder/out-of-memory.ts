// Which errors of a back end say that it has not memory enough, and what a batch is then cut into.
import { paddedLength } from "#models/encoder/batches";
import { CordonError } from "#models/errors";
import type { FitTask } from "./fit-task.ts";

/**
 * `clean`: the operation was refused before anything was written, so weights can be read and trusted. `broken`: they cannot.
 * null: an error of another kind.
 */
export function outOfMemory(error: unknown): "clean" | "broken" | null {
  if (!(error instanceof Error)) return null;
  const text = `${error.name}: ${error.message}`;
  if (BROKEN.some((pattern) => pattern.test(text))) return "broken";
  return CLEAN.some((pattern) => pattern.test(text)) ? "clean" : null;
}

const CLEAN = [
  // train/tensor/wasm-memory.ts
  /^Error: out of memory: WebAssembly/,
  // The host, or an address beyond what WebAssembly can say.
  /^RangeError: (Array buffer allocation failed|offset is out of bounds|Invalid typed array length)/,
  // TensorFlow
  /OOM when allocating|failed to allocate memory|RESOURCE_EXHAUSTED/i,
];

const BROKEN = [
  // Emscripten, where the module itself was refused memory.
  /^RuntimeError: (Aborted|memory access out of bounds|unreachable)/,
  // Dawn: train/tensor/device-errors.ts
  /GPUOutOfMemoryError|the device is lost|out of memory.*device|device.*out of memory/i,
  /GPUValidationError.*(exceeds the max|maxBufferSize|maxStorageBufferBindingSize|too large|is invalid)/is,
];

/**
 * Half of the largest part of a batch that there can be, in padded tokens.
 * @param batchSize windows of a whole batch @param microTokens of a part until now @param device for the message
 * @throws CordonError train/out-of-memory where that is less than a window
 */
export function smallerParts(
  { training, calibration, maxTokens }: Pick<FitTask, "training" | "calibration" | "maxTokens">,
  batchSize: number,
  microTokens: number,
  device: string,
  cause: unknown,
): number {
  const longest = [training, calibration].reduce((max, set) => set.lengths.reduce((a, b) => Math.max(a, b), max), 1);
  const window = paddedLength(longest, { maxLength: maxTokens });
  const largest = Math.min(microTokens, batchSize * window);
  if (largest > window) return Math.max(window, Math.floor(largest / 2));
  throw new CordonError("train/out-of-memory", `one window of ${window} tokens does not fit into the memory of ${device}`, {
    hint: "take a smaller --max-tokens, a smaller network or another --backend",
    cause,
  });
}
