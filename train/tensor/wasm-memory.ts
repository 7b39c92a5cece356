// WebAssembly's memory ends at 4 GiB, and the back end does not look: where malloc answers 0 it writes to the module's own first
// bytes, so that the weights are wrong afterwards and nothing tells. Here the 0 becomes an error, before anything is written.
import { tf } from "./tf.ts";

/** As train/encoder/out-of-memory.ts knows it. */
const WASM_OUT_OF_MEMORY = "out of memory: WebAssembly gives no more than 4 GiB";

interface WasmModule {
  _malloc: (bytes: number) => number;
  _free: (address: number) => void;
}

/** Guards the open "wasm" back end. */
export function guardWasmMemory(): void {
  const { wasm: module } = tf.backend() as unknown as { wasm: WasmModule };
  // Emscripten puts the function in its own place at its first call.
  module._free(module._malloc(8));
  const allocate = module._malloc;
  module._malloc = (bytes) => {
    const address = allocate(bytes);
    if (address === 0 && bytes > 0) throw new Error(WASM_OUT_OF_MEMORY);
    // Signed as it comes: beyond 2 GiB it would be negative, and every view of it fail.
    return address >>> 0;
  };
}
