import { mkdtemp, readFile, readdir, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "#models/encoder/safetensors";
import { type TrainingState, loadTrainingState, saveTrainingState } from "./training-state.ts";

const STATE: TrainingState = {
  fingerprint: "f".repeat(64),
  step: 12,
  tokens: 3456,
  microTokens: 8192,
  pending: { loss: 0.1 + 0.2, weight: 1 / 3 },
  best: { step: 10, loss: 0.6931471805599453, auroc: null },
  evaluated: 12,
  sinceBest: 1,
  logBytes: 1234,
};

let scratch: string;
beforeAll(async () => void (scratch = await mkdtemp(join(tmpdir(), "cordon-state-"))));
afterAll(() => rm(scratch, { recursive: true }));

describe("a training state", () => {
  it("comes back to the last bit", async () => {
    const path = join(scratch, "a/checkpoint");
    await fc.assert(
      fc.asyncProperty(fc.dictionary(fc.string(), fc.float32Array({ maxLength: 20 })), async (arrays) => {
        await saveTrainingState(path, STATE, new Map(Object.entries(arrays).filter(([name]) => name !== "__metadata__")));
        const { state, arrays: back } = (await loadTrainingState(path))!;
        expect(state).toEqual(STATE);
        for (const [name, array] of back) expect(Buffer.from(array.buffer)).toEqual(Buffer.from(arrays[name]!.slice().buffer));
      }),
      { numRuns: 30 },
    );
    expect(await readdir(join(scratch, "a"))).toEqual(["checkpoint"]);
  });

  it("is a safetensors file that others can open", async () => {
    const path = join(scratch, "other.safetensors");
    await saveTrainingState(path, STATE, new Map([["value/x", Float32Array.of(1, -2.5)]]));
    expect([...(await readSafetensors(path)).get("value/x")!.data]).toEqual([1, -2.5]);
  });

  it("is null where there is none, and told of where it is damaged", async () => {
    expect(await loadTrainingState(join(scratch, "none"))).toBeNull();
    const path = join(scratch, "damaged");
    await saveTrainingState(path, STATE, new Map([["x", new Float32Array(100)]]));
    const whole = await readFile(path);
    for (const length of [0, 5, 8, 60, whole.length - 1]) {
      await truncate(path, length);
      await expect(loadTrainingState(path), String(length)).rejects.toMatchObject({ code: "data/unreadable" });
      await writeFile(path, whole);
    }
    const longer = Buffer.from(whole);
    longer.writeBigUInt64LE(2n ** 60n);
    await writeFile(path, longer);
    await expect(loadTrainingState(path)).rejects.toThrow(/damaged checkpoint .*--fresh/);
  });
});
