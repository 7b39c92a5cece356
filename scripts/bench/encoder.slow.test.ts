// The plumbing of the encoder's benchmarks, on next to nothing: that they run, and that what they say is a ratio.
import { describe, expect, it } from "vitest";
import { benchEncoder } from "./encoder.ts";
import { benchFinetune } from "./finetune.ts";

const quiet = () => {};

describe("cordon bench", () => {
  it("encoder: measures each set of texts", async () => {
    const long = "The quick brown fox jumps over the lazy dog, then rests beneath an old oak. ".repeat(30);
    const sets = new Map([
      ["long", [long, long]],
      ["short", ["a short text", "another one, a little longer", "a third"]],
    ]);
    const { int8, milliseconds, sets: measured } = await benchEncoder({ sets, threads: 1, rounds: 1, onProgress: quiet });
    expect(int8).toBeCloseTo(milliseconds.fp32 / milliseconds.int8, 6);
    expect(Object.keys(measured)).toEqual(["long", "short"]);
    expect(measured["long"]!.tokens).toBeGreaterThan(900);
    for (const { endToEnd, bucketing, tokenising, textsPerSecond } of Object.values(measured)) {
      for (const ratio of [endToEnd, bucketing, tokenising, textsPerSecond]) expect(ratio).toBeGreaterThan(0);
      expect(tokenising).toBeLessThan(1);
    }
  });

  it("finetune: a share of the back end's own peak, without PyTorch where none is named", async () => {
    const result = await benchFinetune({ backend: "wasm", shape: "toy", rounds: 1, python: null, onProgress: quiet });
    expect(result).toMatchObject({ backend: "wasm", software: false, shape: "toy", torch: null });
    expect(result.shareOfPeak).toBeCloseTo(result.gflops / result.peakGflops, 6);
    expect(result.tokensPerSecond).toBeGreaterThan(0);
  });

  it("finetune: a Python that is not there is one line", async () => {
    const bench = benchFinetune({ backend: "wasm", shape: "toy", rounds: 1, python: "no-such-python", onProgress: quiet });
    await expect(bench).rejects.toMatchObject({ code: "usage/missing-file", message: expect.stringContaining("--python no-such-python") });
  });
});
