import { expect, it } from "vitest";
import { outOfMemory } from "./out-of-memory.ts";

/** As WebAssembly throws it. */
const runtimeError = (message: string) => Object.assign(new Error(message), { name: "RuntimeError" });

it.each<[Error, ReturnType<typeof outOfMemory>]>([
  [new Error("out of memory: WebAssembly gives no more than 4 GiB"), "clean"],
  [new RangeError("Array buffer allocation failed"), "clean"],
  [new RangeError("offset is out of bounds"), "clean"],
  [new Error("OOM when allocating tensor with shape[64,12,512,512] and type float"), "clean"],
  [runtimeError("Aborted(). Build with -sASSERTIONS for more info."), "broken"],
  [runtimeError("memory access out of bounds"), "broken"],
  [new Error("GPUOutOfMemoryError: Failed to allocate memory for buffer mapping"), "broken"],
  [new Error("the device is lost (unknown): VK_ERROR_DEVICE_LOST"), "broken"],
  [new Error("GPUValidationError: Buffer size (8589934592) exceeds the max buffer size limit (4294967296)."), "broken"],
  [new TypeError("Cannot read properties of undefined (reading 'length')"), null],
  [new Error("the reader is out of memory lane"), null],
])("%s is %s", (error, kind) => {
  expect(outOfMemory(error)).toBe(kind);
  expect(outOfMemory("out of memory: WebAssembly")).toBeNull();
});
