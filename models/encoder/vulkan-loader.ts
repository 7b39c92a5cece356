// Brings Linux's Vulkan loader into the process, where Dawn's own search then finds it: for onnxruntime's WebGPU, and for training.
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";

const VULKAN = "libvulkan.so.1";
/** dlopen's flag that keeps a library in the process; Node does not name it. */
const RTLD_NODELETE = 0x1000;

/**
 * Loads the system's Vulkan loader, or the one beside the driver that VK_DRIVER_FILES names (Debian's chromium carries SwiftShader so, in no
 * folder of the system's linker). Without any Dawn would print warnings of its own before it finds nothing. @returns false where there is none
 */
export function loadVulkan(): boolean {
  if (process.platform !== "linux") return true;
  const driver = process.env["VK_DRIVER_FILES"];
  const beside = driver === undefined ? [] : [join(dirname(driver), VULKAN)].filter((path) => existsSync(path));
  return [...beside, VULKAN].some((path) => {
    try {
      process.dlopen({ exports: {} }, path, constants.dlopen.RTLD_NOW | RTLD_NODELETE);
      return true;
    } catch (error) {
      // What was loaded is no Node addon, which is told as an error of its own; it stays in the process all the same.
      return error instanceof Error && error.message.includes("did not self-register");
    }
  });
}
