// Which errors of a back end say that it has not memory enough.

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
