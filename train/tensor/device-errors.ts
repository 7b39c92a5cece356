// WebGPU tells of an allocation that failed or a device that is gone by events, and goes on with buffers that hold nothing. Who
// trains must look after each step.
import { tf } from "./tf.ts";

/** @returns the first error of the open "webgpu" device since this was called, or null; always null on other back ends */
export function watchDevice(): () => Error | null {
  if (tf.getBackend() !== "webgpu") return () => null;
  const { device } = tf.backend() as unknown as { device: GPUDevice };
  let first: Error | null = null;
  device.addEventListener("uncapturederror", ({ error }) => {
    first ??= new Error(`${error.constructor.name}: ${error.message}`);
  });
  void device.lost.then(({ reason, message }) => {
    first ??= new Error(`the device is lost (${reason}): ${message}`);
  });
  return () => first;
}
