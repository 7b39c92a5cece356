// Generation with language models through the real command line and a local endpoint: two models, a budget, failures, and a
// run that is killed and goes on.
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { Example } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import {
  type Behaviour,
  type FixtureEndpoint,
  type FixtureRequest,
  MODEL,
  startFixtureEndpoint,
} from "#datasets/generators/fixture-endpoint";
import type { GenerationManifest } from "#datasets/generate/generate";
import type { DryRun } from "#scripts/dry-run";
import { spawnCordon } from "#scripts/spawn-cordon";

const KEY = "sk-fixture-secret";
const CONCURRENCY = 6;
let scratch: string;
let endpoint: FixtureEndpoint;
let behave: (request: FixtureRequest) => Behaviour;
const at = (...names: string[]) => join(scratch, ...names);

const generatorOf = (model: string) => `
    kind: endpoint
    base_url: \${FIXTURE_URL}
    model: ${model}
    key_env: FIXTURE_KEY
    concurrency: ${CONCURRENCY}
    attempts: 2
    price: {input: 1, output: 2}`;
const RECIPE = `name: mine
description: d
generators:
  free:${generatorOf("free-model")}
  aligned:${generatorOf("aligned-model")}
  unused:
    kind: endpoint
    base_url: http://localhost:1/v1
    model: nobody
    key_env: A_KEY_THAT_IS_NOT_SET
strategies:
  - kind: rephrase
    texts: {chapters: [privacy, cyber], per_chapter: 12}
    generators: {harmful: free, harmless: aligned}
    license: CC0-1.0
  - kind: refine
    chapters: [privacy]
    passages: 8
    generators: {harmful: free, harmless: aligned}
    license: CC0-1.0
gates:
  near_duplicate: off
`;

// One endpoint for all: its address is part of the recipe's hash and of the cache's keys.
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "cordon-generate-llm-"));
  await writeFile(at("mine.yaml"), RECIPE);
  endpoint = await startFixtureEndpoint({ key: KEY, behave: (request) => behave(request) });
  process.env["FIXTURE_KEY"] = KEY;
  process.env["FIXTURE_URL"] = endpoint.baseUrl;
});
beforeEach(() => {
  endpoint.requests.length = 0;
  behave = () => MODEL;
});
afterAll(async () => {
  delete process.env["FIXTURE_KEY"];
  delete process.env["FIXTURE_URL"];
  await endpoint.close();
  await rm(scratch, { recursive: true });
});

const start = (cache: string, ...args: string[]) => spawnCordon(["generate", "--recipe", "mine.yaml", "--cache", cache, ...args], scratch);
const cordon = (cache: string, ...args: string[]) => start(cache, ...args).ended;
async function examplesIn(out: string): Promise<Example[]> {
  return (await readFile(at(out, "examples.jsonl"), "utf8"))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Example);
}
// A failing test prints hashes, not texts.
const hashes = (rows: readonly Example[]) => rows.map((row) => textId(JSON.stringify(row)));
const bodyOf = ({ model, messages, seed }: FixtureRequest) => textId(JSON.stringify([model, messages, seed]));

describe("cordon generate with two endpoints", () => {
  let straight: Example[];
  let asked: number;

  it("asks the model of each side, and prints neither text nor key", async () => {
    behave = () => ({ kind: "model", delayMs: 20 });
    const { code, stdout, stderr } = await cordon("cache", "--out", "straight");
    const summary = /examples in straight\/examples\.jsonl; \d+ calls, 0 cached, 0 refused, 0 failed, [\d,]+ tokens, \$0\.\d+ /;
    expect([code, stderr]).toEqual([0, expect.stringMatching(summary)]);
    straight = await examplesIn("straight");
    asked = endpoint.requests.length;
    expect(straight.length).toBeGreaterThan(40);
    for (const row of straight) {
      const op = row.lineage!.ops.at(-1)!;
      expect([op.model, row.license]).toEqual([row.label === 1 ? "free-model" : "aligned-model", "CC0-1.0"]);
      expect(op.promptSha256).toMatch(/^[0-9a-f]{64}$/);
      expect((stdout + stderr).includes(row.text)).toBe(false);
    }
    const written = await Promise.all((await readdir(at("straight"))).map((file) => readFile(at("straight", file), "utf8")));
    expect([...written, stdout, stderr].some((text) => text.includes(KEY))).toBe(false);
    expect(endpoint.peak).toBeGreaterThan(CONCURRENCY);
  });

  it("asked again, it takes every reply from the cache and writes the same", async () => {
    const { code, stderr } = await cordon("cache", "--out", "again");
    expect([code, stderr]).toEqual([0, expect.stringMatching(new RegExp(`; 0 calls, ${asked} cached, `))]);
    expect(endpoint.requests).toHaveLength(0);
    expect(hashes(await examplesIn("again"))).toEqual(hashes(straight));
  });

  it("a dry run prints calls, tokens and price; it asks, spends and writes nothing", async () => {
    const { code, stdout } = await cordon("cache-dry", "--dry-run");
    expect(code).toBe(0);
    expect(stdout).toMatch(/^strategy +generator +model +calls +cached +tokens in +tokens out +cost\n/);
    expect(stdout).toMatch(/\n1 rephrase +free +free-model +\d+ +0 +\d+ +\d+ +\$0\.\d+\n/);
    expect(stdout).toMatch(/\n2 refine +aligned +aligned-model +24 +0 +/);
    expect(stdout).toMatch(new RegExp(`\nall +${asked} +0 +\\d+ +\\d+ +\\$0\\.\\d+\n\n${straight.length} rows at most`));
    expect(endpoint.requests).toHaveLength(0);
    const { lines } = JSON.parse((await cordon("cache", "--dry-run", "--json")).stdout) as DryRun;
    // The critique is of a sample here, not of the draft that was written: beyond the first step it finds nothing.
    expect(lines.map(({ strategy, calls, cached }) => [strategy, calls / (calls + cached)])).toEqual(
      ["1 rephrase", "1 rephrase", "2 refine", "2 refine"].map((name, i) => [name, i < 2 ? 0 : 2 / 3]),
    );
  });

  it("over its budget it ends with one line and writes nothing; a larger one goes on", async () => {
    const over = async (...budget: string[]) => {
      const { code, stdout, stderr } = await cordon("cache-budget", ...budget, "--out", "over");
      expect([code, stdout]).toEqual([1, ""]);
      expect((await readdir(scratch)).filter((name) => name.startsWith("over"))).toEqual([]);
      return stderr
        .trim()
        .split("\n")
        .filter((line) => line.startsWith("cordon:"));
    };
    expect(await over("--max-tokens", "20000")).toEqual([
      expect.stringMatching(/could go over --max-tokens 20000: \d+ calls .* \[generate\/over-budget\]$/),
    ]);
    const first = endpoint.requests.length;
    expect(first).toBeGreaterThan(5);
    expect(await over("--max-cost", "0.03")).toEqual([
      expect.stringMatching(/could go over --max-cost 0\.03: .*\[generate\/over-budget\]$/),
    ]);
    expect(endpoint.requests.length).toBeGreaterThan(first);
    const on = await cordon("cache-budget", "--max-cost", "10", "--out", "went-on");
    expect(on.code).toBe(0);
    expect(endpoint.requests).toHaveLength(asked);
    expect(hashes(await examplesIn("went-on"))).toEqual(hashes(straight));
  });

  it("killed with -9 in the middle, it goes on, asks nothing twice and writes what a straight run writes", async () => {
    behave = () => ({ kind: "model", delayMs: 40 });
    const first = start("cache-killed", "--out", "killed");
    while (endpoint.requests.length < 30) await sleep(5);
    first.child.kill("SIGKILL");
    expect((await first.ended).code).toBeNull();
    expect(await readdir(scratch)).not.toContain("killed");
    const before = endpoint.requests.length;
    expect(before).toBeLessThan(asked);

    behave = () => MODEL;
    const second = await cordon("cache-killed", "--out", "killed");
    expect(second.code).toBe(0);
    // Only what was under way when it was killed is asked again: nobody had the answers.
    const repeated = [...Map.groupBy(endpoint.requests, bodyOf).values()].filter((requests) => requests.length > 1);
    expect(repeated.length).toBeLessThanOrEqual(2 * CONCURRENCY);
    expect(endpoint.requests.length - repeated.length).toBe(asked);
    for (const file of ["examples.jsonl", "drops.jsonl", "manifest.json"]) {
      expect((await readFile(at("killed", file))).equals(await readFile(at("straight", file))), file).toBe(true);
    }
  });

  it("what is refused or fails is counted in its cell, and the rows are those of a clean run without it", async () => {
    behave = (request) => {
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

  it.each<[string, Record<string, string | undefined>, number, RegExp]>([
    [
      "a variable that is not set",
      { FIXTURE_URL: undefined },
      2,
      /^cordon: free\.base_url: the environment variable FIXTURE_URL is not set/,
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
      expect(await readdir(scratch)).not.toContain("refused");
    } finally {
      Object.assign(process.env, before);
    }
  });
});
