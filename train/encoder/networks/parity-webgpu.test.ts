// The networks against the reference in Python on WebGPU: a real GPU where Dawn finds one, else SwiftShader, the software GPU that Debian's
// chromium carries; too slow for more than three of the cases, which have all operations between them.
import { existsSync } from "node:fs";
import { afterAll, describe, expect, it } from "vitest";
import { CordonError } from "#models/errors";
import { type Backend, closeBackend, openBackend } from "#train/tensor/backend";
import { parityErrors } from "./parity-errors.ts";
import { readFixture } from "./parity-fixture.ts";

const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";

const backend = (await opened()) ?? (await withSwiftshader());
if (backend === null) console.warn(`SKIPPED: no WebGPU adapter, and no ${SWIFTSHADER} (apt-get install chromium)`);

async function opened(): Promise<Backend | null> {
  try {
    return await openBackend("webgpu");
  } catch (error) {
    if (error instanceof CordonError) return null;
    throw error;
  }
}

async function withSwiftshader(): Promise<Backend | null> {
  if (!existsSync(SWIFTSHADER)) return null;
  process.env["VK_DRIVER_FILES"] = SWIFTSHADER;
  return opened();
}

describe.skipIf(backend === null)(`WebGPU on ${backend?.device}`, () => {
  afterAll(() => closeBackend());

  it.each(["bert-cls", "modernbert-mean", "pooled-windows"] as const)(
    "%s has the reference's logits, loss and every gradient, and takes its step of AdamW",
    async (name) => {
      const errors = await parityErrors(await readFixture(name));
      expect([...errors].filter(([, error]) => !(error < 1e-4))).toEqual([]);
    },
    60_000,
  );
});
