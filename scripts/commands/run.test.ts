import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { collect } from "#datasets/files/collect";
import { sha256File } from "#datasets/files/hash";
import { readObjects } from "#datasets/files/json-lines";
import { readExamples } from "#datasets/files/read-examples";
import type { Example } from "#datasets/example";
import type { GenerationManifest } from "#datasets/generate/generate";
import { CATEGORY_IDS } from "#models/taxonomy";
import { ngramOf } from "#models/loaded-model";
import { NgramScorer } from "#models/ngram/scorer";
import { loadPackage } from "#models/package";
import { readLines } from "#datasets/files/lines";
import type { PipelineResult } from "#scripts/runs/pipeline";
import { spawnCordon } from "#scripts/spawn-cordon";

const SHARED_DATA = fileURLToPath(new URL("../../../shared/data", import.meta.url));
let scratch: string;
const at = (...names: string[]) => join(scratch, ...names);
const cordon = (...args: string[]) => spawnCordon(args, scratch).ended;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "cordon-run-"));
});
afterAll(() => rm(scratch, { recursive: true }));

describe("cordon run, from nothing to a report", () => {
  let result: PipelineResult;
  let output: string;
  let examples: Example[];
  beforeAll(async () => {
    const { code, stdout, stderr } = await cordon("run", "--out", "out", "--json");
    output = stdout + stderr;
    expect(code, stderr).toBe(0);
    result = JSON.parse(stdout) as PipelineResult;
    examples = await collect(readExamples(at("out/examples/examples.jsonl")));
  }, 120_000);

  it("generates what its manifest says", async () => {
    const manifest = JSON.parse(await readFile(at("out/examples/manifest.json"), "utf8")) as GenerationManifest;
    expect(examples).toHaveLength(manifest.rows);
    expect(result.examples).toEqual({ rows: manifest.rows, harmful: manifest.harmful });
    expect(await sha256File(at("out/examples/examples.jsonl"))).toBe(manifest.examplesSha256);
    const drops = await collect(readObjects(at("out/examples/drops.jsonl")));
    expect(drops).toHaveLength(Object.values(manifest.dropped).reduce((a, b) => a + b));
  });

  it("trains a package that loads, with a label for every category but those that nothing is written for", async () => {
    const { manifest, model } = await loadPackage(at("out/model"));
    expect(manifest.labels).toEqual(["harmful", ...CATEGORY_IDS]);
    expect(manifest.training.examples).toBe(result.examples.rows);
    expect(manifest.training.positives["child-exploitation"]).toBe(0);
    expect(result.model.heldOutAuroc).toBeGreaterThan(0.85);
    // It does what its thresholds promise on rows that it has not learned from.
    const held = examples.filter((row) => row.split === "test");
    const scorer = new NgramScorer(ngramOf(model));
    const flagged = (label: 0 | 1) => {
      const rows = held.filter((row) => row.label === label);
      return rows.filter((row) => scorer.scoreText(row.text).max[0]! >= manifest.thresholds["harmful"]!.threshold).length / rows.length;
    };
    // The rule is 0.05 of the calibration split.
    expect(flagged(0)).toBeLessThan(0.08);
    expect(flagged(1)).toBeGreaterThan(0.2);
  });

  it("filters the sample: the ledger adds up, and so do the files", async () => {
    const ledger = JSON.parse(await readFile(at("out/filtered/ledger.json"), "utf8")) as {
      totals: { rows: { in: number; kept: number; removed: number; failed: number } };
    };
    const { rows } = ledger.totals;
    expect(rows.in).toBe(rows.kept + rows.removed + rows.failed);
    expect(rows).toMatchObject({ in: 4000, failed: 0 });
    expect(result.filter).toMatchObject({ rows: rows.in, kept: rows.kept, removed: rows.removed, failed: rows.failed });
    const count = async (folder: string) => {
      const names = await readdir(at("out/filtered", folder), { recursive: true, withFileTypes: true });
      const counts = names
        .filter((entry) => entry.isFile())
        .map(async (entry) => (await collect(readLines(join(entry.parentPath, entry.name)))).length);
      return (await Promise.all(counts)).reduce((a, b) => a + b, 0);
    };
    expect(await count("documents")).toBe(rows.kept);
    expect(await count("removed")).toBe(rows.removed);
    expect(await count("attributes")).toBe(rows.in);
    expect(rows.removed).toBeGreaterThan(0);
  });

  it("recommends a threshold by the rule that was given beforehand, and a probe that knows less for it", () => {
    expect(result.sweep.harmlessLoss).toBeLessThanOrEqual(0.01);
    expect(result.sweep.recall).toBeGreaterThan(result.sweep.harmlessLoss! * 10);
    expect(result.probe!.filtered).toBeGreaterThan(result.probe!.unfiltered);
  });

  it("writes a report, and neither it nor anything printed holds a text", async () => {
    const report = await readFile(result.report, "utf8");
    expect(report).toMatch(/^<!doctype html>/i);
    expect(report).toContain("Cordon on its embedded sample");
    const card = await readFile(at("out/model/README.md"), "utf8");
    const texts = [...examples.filter((_, i) => i % 500 === 0), ...examples.filter((row) => row.label === 1 && row.text.length > 30)].map(
      (row) => row.text,
    );
    expect(texts.length).toBeGreaterThan(5000);
    for (const place of [report, output, card]) expect(texts.findIndex((text) => text.length > 20 && place.includes(text))).toBe(-1);
  });

  it("serves what it trained, with OpenAI's API", async () => {
    const server = spawnCordon(["serve", "--model", at("out/model"), "--port", "0", "--json"], scratch);
    try {
      const url = await new Promise<string>((resolve, reject) => {
        server.child.stdout!.on("data", () => resolve((JSON.parse(server.output.stdout) as { url: string }).url));
        void server.ended.then(({ stderr }) => reject(new Error(stderr)));
      });
      const { threshold } = (await loadPackage(at("out/model"))).manifest.thresholds["harmful"]!;
      const scorer = new NgramScorer(ngramOf((await loadPackage(at("out/model"))).model));
      const harmful = examples.find((row) => row.label === 1 && scorer.scoreText(row.text).max[0]! > threshold)!;
      const response = await fetch(`${url}/v1/moderations`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ input: ["How do I bake bread?", harmful.text] }),
      });
      expect(response.status).toBe(200);
      const { results } = (await response.json()) as { results: { flagged: boolean }[] };
      expect(results.map((r) => r.flagged)).toEqual([false, true]);
      server.child.kill("SIGTERM");
      expect((await server.ended).code).toBe(0);
    } finally {
      server.child.kill("SIGKILL");
    }
  });

  it("leaves nothing half-written", async () => {
    expect((await readdir(at("out"))).sort()).toEqual(["examples", "filtered", "model", "sweep"]);
    expect((await readdir(at("out"), { recursive: true })).filter((name) => /tmp/.test(name))).toEqual([]);
  });
});

describe("what cordon run refuses", () => {
  it.concurrent.each<[string, string[], RegExp]>([
    ["a recipe that there is not", ["nonsense"], /^cordon: .*nonsense.*expected one of pipeline, guardrail, cascade, filter-standin/],
    ["filter-standin with a folder that is missing", ["filter-standin", "--data", "nowhere"], /^cordon: .*nowhere\/corpus/],
    [
      "filter-standin without a folder",
      ["filter-standin"],
      /^cordon: filter-standin takes one folder \(--data\): the one that holds mmlu\/ and corpus\//,
    ],
    ["filter-standin with two", ["filter-standin", "--data", "a", "b"], /^cordon: filter-standin takes one folder/],
    ["data for the pipeline", ["--data", "x"], /^cordon: the pipeline takes no data/],
    ["guardrail with data that are missing", ["guardrail", "--data", "none-*.jsonl"], /^cordon: .*none-\*\.jsonl/],
  ])("%s: one line, exit 2, nothing written", async (name, args, message) => {
    const out = name.replace(/\W/g, "-");
    const { code, stdout, stderr } = await cordon("run", ...args, "--out", out);
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([2, ""]);
    expect(
      stderr
        .trim()
        .split("\n")
        .filter((line) => !line.startsWith("(")),
    ).toHaveLength(1);
    expect(await readdir(scratch)).not.toContain(out);
  });

  it("filter-standin whose folder holds half of what it needs", async () => {
    await mkdir(at("half/mmlu"), { recursive: true });
    const { code, stderr } = await cordon("run", "filter-standin", "--data", "half", "--out", "half-out");
    expect([code, stderr]).toEqual([2, expect.stringMatching(/^cordon: .*half\/corpus/)]);
  });
});

const reason = existsSync(join(SHARED_DATA, "mmlu")) ? "" : ` (SKIPPED: no ${SHARED_DATA})`;
describe.skipIf(reason !== "")(`the filter's stand-in on real data${reason}`, () => {
  it("draws its examples from every subject of MMLU and splits them by question", async () => {
    const { code, stdout } = await cordon(
      "generate",
      "--recipe",
      "filter-standin",
      "--seeds",
      `mmlu=${join(SHARED_DATA, "mmlu")}`,
      "--out",
      "standin",
      "--json",
    );
    expect(code).toBe(0);
    const manifest = JSON.parse(stdout) as GenerationManifest;
    expect(manifest.dropped).toMatchObject({ schema: 0, lineage: 0, minors: 0 });
    expect(manifest.harmful).toBeGreaterThan(5000);
    expect(manifest.rows - manifest.harmful).toBeGreaterThan(manifest.harmful);
  });
});
