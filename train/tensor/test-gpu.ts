// The graphics device of tests: a real one where Dawn finds it, else SwiftShader, the software GPU that Debian's chromium carries.
import { existsSync } from "node:fs";
import { CordonError } from "#models/errors";
import { openBackend, type Backend } from "./backend.ts";

const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Opens "webgpu", or says on stderr that the caller's tests are skipped and answers null. */
export async function openTestGpu(): Promise<Backend | null> {
  try {
    return await openBackend("webgpu");
  } catch (error) {
    if (!(error instanceof CordonError)) throw error;
    if (existsSync(SWIFTSHADER) && process.env["VK_DRIVER_FILES"] !== SWIFTSHADER) {
      process.env["VK_DRIVER_FILES"] = SWIFTSHADER;
      return openTestGpu();
    }
    process.stderr.write(`SKIPPED: ${error.message}; no ${SWIFTSHADER} either (apt-get install chromium)\n`);
    return null;
  }
}
