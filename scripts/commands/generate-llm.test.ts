// Generation with language models through the real command line and a local endpoint: two models, a dry run, and what is
// refused before anything is asked. Budgets, failures and a run that is killed: generate-llm.slow.test.ts.
import { existsSync } from "node:fs";
import { readFile, readdir } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Example } from "#datasets/example";
import { MODEL } from "#datasets/generators/fixture-endpoint";
import type { DryRun } from "#scripts/dry-run";
import { CONCURRENCY, hashes, KEY, startTwoModels, type TwoModels } from "./fixture-two-models.ts";

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

describe("cordon generate with two endpoints", () => {
  let straight: Example[];
  let asked: number;

  it("asks the model of each side, and prints neither text nor key", async () => {
    models.behave = () => ({ kind: "model", delayMs: 20 });
    const { code, stdout, stderr } = await cordon("cache", "--out", "straight");
    const summary = /examples in straight\/examples\.jsonl; \d+ calls, 0 cached, 0 refused, 0 failed, [\d,]+ tokens, \$0\.\d+ /;
    expect([code, stderr]).toEqual([0, expect.stringMatching(summary)]);
    straight = await examplesIn("straight");
    asked = models.endpoint.requests.length;
    expect(straight.length).toBeGreaterThan(40);
    for (const row of straight) {
      const op = row.lineage!.ops.at(-1)!;
      expect([op.model, row.license]).toEqual([row.label === 1 ? "free-model" : "aligned-model", "CC0-1.0"]);
      expect(op.promptSha256).toMatch(/^[0-9a-f]{64}$/);
      expect((stdout + stderr).includes(row.text)).toBe(false);
    }
    const written = await Promise.all((await readdir(at("straight"))).map((file) => readFile(at("straight", file), "utf8")));
    expect([...written, stdout, stderr].some((text) => text.includes(KEY))).toBe(false);
    expect(models.endpoint.peak).toBeGreaterThan(CONCURRENCY);
  });

  it("asked again, it takes every reply from the cache and writes the same", async () => {
    const { code, stderr } = await cordon("cache", "--out", "again");
    expect([code, stderr]).toEqual([0, expect.stringMatching(new RegExp(`; 0 calls, ${asked} cached, `))]);
    expect(models.endpoint.requests).toHaveLength(0);
    expect(hashes(await examplesIn("again"))).toEqual(hashes(straight));
  });

  it("a dry run prints calls, tokens and price; it asks, spends and writes nothing", async () => {
    const { code, stdout } = await cordon("cache-dry", "--dry-run");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^strategy +generator +model +calls +cached +tokens in +tokens out +cost\n/);
    expect(stdout).toMatch(/\n1 rephrase +free +free-model +\d+ +0 +\d+ +\d+ +\$0\.\d+\n/);
    expect(stdout).toMatch(/\n2 refine +aligned +aligned-model +24 +0 +/);
    expect(stdout).toMatch(new RegExp(`\nall +${asked} +0 +\\d+ +\\d+ +\\$0\\.\\d+\n\n${straight.length} rows at most`));
    expect(models.endpoint.requests).toHaveLength(0);
    expect(existsSync(at("cache-dry"))).toBe(false);
    const { lines } = JSON.parse((await cordon("cache", "--dry-run", "--json")).stdout) as DryRun;
    // The critique is of a sample here, not of the draft that was written: beyond the first step it finds nothing.
    expect(lines.map(({ strategy, calls, cached }) => [strategy, calls / (calls + cached)])).toEqual(
      ["1 rephrase", "1 rephrase", "2 refine", "2 refine"].map((name, i) => [name, i < 2 ? 0 : 2 / 3]),
    );
  });

  it("models that decline everything: why, exit 1, nothing written", async () => {
    models.behave = () => ({ kind: "refusal", text: "I'm sorry, but I can't assist with that." });
    const { code, stdout, stderr } = await cordon("cache-declined", "--out", "declined");
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^not made: \d+ \(the model declined\)\ncordon: no row is left, so nothing is written; dropped by refusal \d+: /m,
    );
    expect(existsSync(at("declined"))).toBe(false);
  });

  it.each<[string, Record<string, string | undefined>, number, RegExp]>([
    [
      "a variable that is not set",
      { FIXTURE_URL: undefined },
      2,
      /^cordon: generators\.free\.base_url: the environment variable FIXTURE_URL is not set/,
    ],
    ["a key that is not set", { FIXTURE_KEY: undefined }, 2, /^cordon: .*FIXTURE_KEY/],
    ["a key that is wrong", { FIXTURE_KEY: "sk-other" }, 2, /\[generate\/endpoint-rejected\]$/],
  ])("%s: one line, nothing written, no key in it", async (_, env, exit, message) => {
    const before = { ...process.env };
    for (const [name, value] of Object.entries(env)) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
    try {
      const { code, stderr } = await cordon("cache-env", "--out", "refused");
      const lines = stderr
        .trim()
        .split("\n")
        .filter((line) => line.startsWith("cordon:"));
      expect([code, lines]).toEqual([exit, [expect.stringMatching(message)]]);
      expect(stderr).not.toContain("sk-");
      expect(await readdir(models.scratch)).not.toContain("refused");
    } finally {
      Object.assign(process.env, before);
    }
  });
});
