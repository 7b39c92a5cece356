import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Manifest } from "#models/manifest";
import { ngramOf } from "#models/loaded-model";
import { NgramScorer } from "#models/ngram/scorer";
import { loadPackage } from "#models/package";
import { spawnCordon } from "#scripts/spawn-cordon";

let scratch: string;
const at = (...names: string[]) => join(scratch, ...names);
const cordon = (...args: string[]) => spawnCordon(["train", ...args], scratch).ended;

const row = (i: number, label: 0 | 1) => ({
  id: `${label}-${i}`,
  text: `${label ? "zorblax quimpet" : "meadow river"} word${i % 7} and word${i % 5}`,
  label,
  categories: label ? ["hate"] : [],
});
const lines = (rows: object[]) => rows.map((r) => JSON.stringify(r)).join("\n");
const rows = Array.from({ length: 300 }, (_, i) => row(i, (i % 2) as 0 | 1));

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "cordon-train-"));
  await writeFile(at("data.jsonl"), lines(rows));
  await writeFile(at("more.jsonl.gz"), gzipSync(lines(Array.from({ length: 50 }, (_, i) => row(i + 300, 0)))));
  await writeFile(
    at("documents.jsonl"),
    lines(Array.from({ length: 40 }, (_, i) => ({ id: `d${i}`, text: `ordinary ${"page ".repeat(20)}${i}` }))),
  );
  await writeFile(at("one-class.jsonl"), lines(rows.filter((r) => r.label === 0)));
  await writeFile(at("broken.yaml"), "name: r\ndescription: d\nstrategies: [{kind: grammar}]\ntrain: {bits: 99}\n");
  await writeFile(
    at("recipe.yaml"),
    "name: r\ndescription: d\nseed: 7\nstrategies: [{kind: grammar}]\ntrain:\n  bits: 12\n  labels: harmful\n  threshold_rule: recall:0.9\n  organic_characters: 30\n  organic_weight: 0.5\n",
  );
});
afterAll(() => rm(scratch, { recursive: true }));

describe("cordon train", () => {
  it("writes a package that loads and tells the labels apart; results on stdout, progress on stderr", async () => {
    const { code, stdout, stderr } = await cordon(
      "--data",
      "data.jsonl",
      "more.jsonl.gz",
      "--bits",
      "12",
      "--name",
      "toy",
      "--out",
      "model",
    );
    expect([code, stderr]).toEqual([0, expect.stringMatching(/^trained 2 labels on 350 examples, package in model \(\d+\.\d s\)\n$/)]);
    expect(stdout).toMatch(/^label +positives +AUROC +AP +ECE +threshold\n-[- ]+\nharmful +150 +1\.000 +1\.000/);
    expect(stdout).not.toMatch(/zorblax|meadow/);
    const { manifest, model } = await loadPackage(at("model"));
    expect(manifest).toMatchObject({
      name: "toy",
      labels: ["harmful", "hate"],
      training: { examples: 350, seed: 1, gitRevision: expect.stringMatching(/^([0-9a-f]{40}(-dirty)?|unknown)$/) },
    });
    const scorer = new NgramScorer(ngramOf(model));
    expect(scorer.scoreText("a zorblax quimpet word1").max[0]).toBeGreaterThan(manifest.thresholds["harmful"]!.threshold);
    expect(scorer.scoreText("a meadow river word1").max[0]).toBeLessThan(manifest.thresholds["harmful"]!.threshold);
  });

  it("gives the same bytes in another process, and replaces the older package", async () => {
    const args = ["--data", "data.jsonl", "more.jsonl.gz", "--bits", "12", "--name", "toy"];
    await cordon(...args, "--out", "model");
    const files = await readdir(at("model"));
    const first = await Promise.all(files.map((name) => readFile(at("model", name))));
    expect((await cordon(...args, "--out", "model")).code).toBe(0);
    for (const [i, name] of files.entries()) expect(Buffer.compare(await readFile(at("model", name)), first[i]!), name).toBe(0);
    expect(await readdir(at("model"))).toEqual(files);
    expect((await readdir(scratch)).filter((name) => name.includes("tmp"))).toEqual([]);
  });

  it("takes options from a recipe, flags before it, and unlabelled documents as harmless", async () => {
    const { code, stdout } = await cordon(
      "--data",
      "data.jsonl",
      "--organic",
      "documents.jsonl",
      "--recipe",
      "recipe.yaml",
      "--bits",
      "13",
      "--out",
      "recipe-model",
      "--json",
    );
    expect(code).toBe(0);
    const manifest = JSON.parse(stdout) as Manifest;
    expect(manifest.architecture).toMatchObject({ kind: "ngram", bits: 13 });
    expect(manifest.labels).toEqual(["harmful"]);
    expect(manifest.thresholds["harmful"]!.rule).toMatch(/^recall 90 %/);
    expect(manifest.training).toMatchObject({
      seed: 7,
      examples: 340,
      positives: { harmful: 150 },
      options: { sourceWeights: { organic: 0.5 } },
    });
  });

  it.concurrent.each<[string, number, string[], RegExp]>([
    [
      "one class",
      1,
      ["--data", "one-class.jsonl"],
      /^cordon: 0 harmful examples in the training split, at least 2 are needed: add data of that label/,
    ],
    ["data that are not there", 2, ["--data", "none-*.jsonl"], /none-\*\.jsonl/],
    ["a recipe with a mistake", 1, ["--data", "data.jsonl", "--recipe", "broken.yaml"], /broken\.yaml:4/],
    ["a threshold rule that is none", 2, ["--data", "data.jsonl", "--threshold-rule", "fpr"], /expected fpr:0\.01/],
    ["a threshold rule over 1", 2, ["--data", "data.jsonl", "--threshold-rule", "recall:1.5"], /expected fpr:0\.01/],
    ["character n-grams that go down", 2, ["--data", "data.jsonl", "--char-ngrams", "4-3"], /char/],
    ["too many bits", 2, ["--data", "data.jsonl", "--bits", "40"], /whole number from 10 to 24/],
    ["a row that is no example", 1, ["--data", "documents.jsonl"], /documents\.jsonl:1\): a row is/],
  ])("%s: one line, exit %i, nothing written", async (_, exit, args, message) => {
    const { code, stdout, stderr } = await cordon(...args, "--out", "refused");
    expect(stderr).toMatch(message);
    expect([code, stdout]).toEqual([exit, ""]);
    expect(
      stderr
        .trim()
        .split("\n")
        .filter((line) => !line.startsWith("(")),
    ).toHaveLength(1);
    expect(await readdir(scratch)).not.toContain("refused");
  });

  it("a folder with something else in it is refused before anything is read", async () => {
    await mkdir(at("foreign"));
    await writeFile(at("foreign/thesis.txt"), "years of work");
    const { code, stderr } = await cordon("--data", "none.jsonl", "--out", "foreign");
    expect([code, stderr]).toEqual([2, expect.stringMatching(/holds no cordon\.json \(foreign\)/)]);
    expect(await readdir(at("foreign"))).toEqual(["thesis.txt"]);
  });
});
