// Generation with language models through the real command line and a local endpoint: a budget, failures, and a run that is
// killed and goes on.
import { readFile, readdir } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Example } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import { type FixtureRequest, MODEL } from "#datasets/generators/fixture-endpoint";
import type { GenerationManifest } from "#datasets/generate/generate";
import { CONCURRENCY, hashes, startTwoModels, type TwoModels } from "./fixture-two-models.ts";

let models: TwoModels;
beforeAll(async () => {
  models = await startTwoModels();
});
beforeEach(() => {
  models.endpoint.requests.length = 0;
  models.behave = () => MODEL;
});
afterAll(() => models.close());
const at = (...names: string[]) => models.at(...names);
const cordon = (cache: string, ...args: string[]) => models.cordon(cache, ...args);
const examplesIn = (out: string) => models.examplesIn(out);
const bodyOf = ({ model, messages, seed }: FixtureRequest) => textId(JSON.stringify([model, messages, seed]));

describe("cordon generate with two endpoints", () => {
  let straight: Example[];
  let asked: number;
  beforeAll(async () => {
    const { code } = await cordon("cache", "--out", "straight");
    expect(code).toBe(0);
    straight = await examplesIn("straight");
    asked = models.endpoint.requests.length;
  });

  it("over its budget it ends with one line and writes nothing; a larger one goes on", async () => {
    const over = async (...budget: string[]) => {
      const { code, stdout, stderr } = await cordon("cache-budget", ...budget, "--out", "over");
      expect([code, stdout]).toEqual([1, ""]);
      expect((await readdir(models.scratch)).filter((name) => name.startsWith("over"))).toEqual([]);
      return stderr
        .trim()
        .split("\n")
        .filter((line) => line.startsWith("cordon:"));
    };
    expect(await over("--max-tokens", "20000")).toEqual([
      expect.stringMatching(/could go over --max-tokens 20000: \d+ calls .* \[generate\/over-budget\]$/),
    ]);
    const first = models.endpoint.requests.length;
    expect(first).toBeGreaterThan(5);
    expect(await over("--max-cost", "0.03")).toEqual([
      expect.stringMatching(/could go over --max-cost 0\.03: .*\[generate\/over-budget\]$/),
    ]);
    expect(models.endpoint.requests.length).toBeGreaterThan(first);
    const on = await cordon("cache-budget", "--max-cost", "10", "--out", "went-on");
    expect(on.code).toBe(0);
    expect(models.endpoint.requests).toHaveLength(asked);
    expect(hashes(await examplesIn("went-on"))).toEqual(hashes(straight));
  });

  it("killed with -9 in the middle, it goes on, asks nothing twice and writes what a straight run writes", async () => {
    models.behave = () => ({ kind: "model", delayMs: 40 });
    const first = models.start("cache-killed", "--out", "killed");
    while (models.endpoint.requests.length < 30) await sleep(5);
    first.child.kill("SIGKILL");
    expect((await first.ended).code).toBeNull();
    expect(await readdir(models.scratch)).not.toContain("killed");
    const before = models.endpoint.requests.length;
    expect(before).toBeLessThan(asked);

    models.behave = () => MODEL;
    const second = await cordon("cache-killed", "--out", "killed");
    expect(second.code).toBe(0);
    expect(second.stderr).toMatch(/killed\.[0-9a-f]{8}\.tmp was left by a run that did not end/);
    // Only what was under way when it was killed is asked again: nobody had the answers.
    const repeated = [...Map.groupBy(models.endpoint.requests, bodyOf).values()].filter((requests) => requests.length > 1);
    expect(repeated.length).toBeLessThanOrEqual(2 * CONCURRENCY);
    expect(models.endpoint.requests.length - repeated.length).toBe(asked);
    for (const file of ["examples.jsonl", "drops.jsonl", "manifest.json"]) {
      expect((await readFile(at("killed", file))).equals(await readFile(at("straight", file))), file).toBe(true);
    }
  });

  it("interrupted, it keeps what is under way, leaves nothing behind and goes on without asking it again", async () => {
    models.behave = () => ({ kind: "model", delayMs: 40 });
    const first = models.start("cache-interrupted", "--out", "interrupted");
    while (models.endpoint.requests.length < 30) await sleep(5);
    first.child.kill("SIGINT");
    const { code, stderr, stdout } = await first.ended;
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(/^cordon: interrupted: nothing was written \(interrupted\): run it again: .* \[generate\/interrupted\]$/m);
    expect((await readdir(models.scratch)).filter((name) => name.startsWith("interrupted"))).toEqual([]);

    models.behave = () => MODEL;
    expect((await cordon("cache-interrupted", "--out", "interrupted")).code).toBe(0);
    expect(models.endpoint.requests).toHaveLength(asked);
    expect(hashes(await examplesIn("interrupted"))).toEqual(hashes(straight));
  });

  it("what is refused or fails is counted in its cell, and the rows are those of a clean run without it", async () => {
    models.behave = (request) => {
      // The same whichever seed it is asked under: a reply of another shape is asked for once more.
      const roll = Number.parseInt(textId(JSON.stringify(request.messages)).slice(0, 4), 16) / 0xffff;
      if (roll < 0.15) return { kind: "refusal", text: "I can't help with that." };
      if (roll < 0.25) return { kind: "reply", text: "no JSON here" };
      if (roll < 0.35) return { kind: "status", status: 500 };
      if (roll < 0.4) return { kind: "reply", text: JSON.stringify({ text: "I'm sorry, but I can't help with that request." }) };
      return MODEL;
    };
    const { code, stdout } = await cordon("cache-failing", "--out", "failing", "--json");
    expect(code).toBe(0);
    const rows = await examplesIn("failing");
    const ids = new Set(rows.map((row) => row.id));
    expect(hashes(straight.filter((row) => ids.has(row.id)))).toEqual(hashes(rows));
    const { dropped, funnel } = JSON.parse(stdout) as GenerationManifest;
    expect([dropped.refusal > 0, dropped.generator > 0]).toEqual([true, true]);
    expect(rows.length + dropped.refusal + dropped.generator).toBe(straight.length);
    expect(funnel.cells.reduce((sum, cell) => sum + cell.candidates, 0)).toBe(straight.length);
  });
});
