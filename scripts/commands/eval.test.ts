import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { capturedCli } from "#scripts/captured-cli";
import type { Evaluation } from "#eval/evaluate";
import type { GateResult } from "#eval/gate";
import { wordBucket } from "#models/ngram/features";
import type { NgramModel } from "#models/ngram/model";
import { saveNgramPackage } from "#models/package";

let dir: string;
let out = "";
let errors = "";

/** A model that knows one word: texts with "bad" score high for harmful, with "slur" for hate. */
function wordModel(): NgramModel {
  const features = { bits: 12, charNgrams: null };
  const labels = ["harmful", "hate"];
  const table = new Int16Array(2 ** features.bits * 3);
  for (let row = 0; row < 2 ** features.bits; row++) table[row * 3 + 2] = 1;
  for (const [word, columns] of [
    ["bad", [0]],
    ["slur", [0, 1]],
  ] as const) {
    for (const column of columns) table[wordBucket(features, word) * 3 + column] = 100;
  }
  return { features, labels, table, slope: Float32Array.of(0.1, 0.1), intercept: Float32Array.of(-2, -2), rules: {} };
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cordon-eval-"));
  const model = wordModel();
  await saveNgramPackage(join(dir, "model"), model, {
    cordonVersion: "0.0.0",
    name: "words",
    description: "knows two words",
    architecture: { kind: "ngram", bits: 12, charNgrams: null, blockTokens: 128, rules: {} },
    labels: [...model.labels],
    aggregate: "max",
    thresholds: { harmful: { threshold: 0.5, rule: "by hand" }, hate: { threshold: 0.5, rule: "by hand" } },
    operatingPoints: {},
    calibration: {},
    training: { dataSha256: "0".repeat(64), examples: 0, positives: {}, gitRevision: "none", seed: 1, options: {} },
    heldOut: {},
  });
  const rows = (texts: [string, 0 | 1, string[]?][]) =>
    texts
      .map(([text, label, categories], i) =>
        JSON.stringify({ id: `r${i}`, text, label, categories: categories ?? [], unknown: text.includes("bad") ? ["hate"] : [] }),
      )
      .join("\n");
  await writeFile(
    join(dir, "mixed.jsonl"),
    rows([
      ["a bad one", 1],
      ["a slur here", 1, ["hate"]],
      ["fine", 0],
      ["also fine", 0],
      ["not bad", 0],
    ]),
  );
  await writeFile(join(dir, "benign.jsonl"), rows(Array.from({ length: 100 }, (_, i) => [i === 7 ? "not bad" : `plain text ${i}`, 0])));
});
afterAll(() => rm(dir, { recursive: true }));

async function cordon(...args: string[]): Promise<number> {
  const { code, stdout, stderr } = await capturedCli(["eval", ...args]);
  [out, errors] = [stdout, stderr];
  return code;
}
const data = () => ["--model", join(dir, "model"), "--data", join(dir, "mixed.jsonl"), join(dir, "benign.jsonl"), "--bootstrap", "50"];

test("measures every set and reports JSON of the promised shape", async () => {
  expect(await cordon(...data(), "--json", "--reference-benign", "benign")).toBe(0);
  const result = JSON.parse(out) as Evaluation;
  expect(result).toMatchObject({ model: "words", label: "harmful", aggregate: "max" });
  expect(Object.keys(result.sets)).toEqual(["benign", "mixed"]);
  expect(result.sets["mixed"]).toMatchObject({ n: 5, positives: 2, masked: 0, recall: 1 });
  expect(result.sets["mixed"]!.fpr).toBeCloseTo(1 / 3);
  expect(result.sets["benign"]).toMatchObject({ auroc: null, flagged: 0.01, undefined_because: "every row is negative" });
  expect(result.sets["mixed"]!.at_reference).toMatchObject({ name: "benign", share: 0.01 });
});

test("the table holds names and numbers, never text", async () => {
  expect(await cordon(...data())).toBe(0);
  expect(out).toContain("mixed");
  expect(out + errors).not.toMatch(/slur|plain text/);
  expect(await cordon(...data(), "--report", join(dir, "report.html"))).toBe(0);
  const report = await readFile(join(dir, "report.html"), "utf8");
  expect(report.includes("words, measured")).toBe(true);
  expect(/slur|plain text/.exec(report)).toBeNull();
});

test("disguised copies hide a word from the model, unless they are undone", async () => {
  const file = join(dir, "disguise.jsonl");
  const row = (i: number) => JSON.stringify({ id: `d${i}`, text: `a ${i % 2 ? "bad" : "good"} thing, number ${i}`, label: i % 2 });
  await writeFile(file, `${Array.from({ length: 40 }, (_, i) => row(i)).join("\n")}\n`);
  const measured = async (...more: string[]) => {
    const flags = ["--model", join(dir, "model"), "--data", file, "--bootstrap", "0", "--json", "--disguise", "fullwidth", ...more];
    expect(await cordon(...flags)).toBe(0);
    return (JSON.parse(out) as Evaluation).sets["disguise"];
  };
  expect(await measured()).toMatchObject({ n: 40, positives: 20, auroc: 0.5, recall: 0 });
  expect(await measured("--uncover")).toMatchObject({ n: 40, positives: 20, auroc: 1, recall: 1 });
  expect(await cordon(...data(), "--disguise", "nonsense")).toBe(2);
  expect(errors).toMatch(/no such transform \(--disguise\): there are all, encoding/);
});

test("a category is measured against its own state, unknown rows masked", async () => {
  expect(await cordon(...data(), "--category", "hate", "--json")).toBe(0);
  expect((JSON.parse(out) as Evaluation).sets["mixed"]).toMatchObject({ n: 3, positives: 1, masked: 2, auroc: 1 });
  expect(await cordon(...data(), "--category", "privacy")).toBe(2);
  expect(errors).toContain("its labels are harmful, hate");
});

test("a gate that is not met exits with 1, and JSON tells which", async () => {
  expect(await cordon(...data(), "--min", "mixed.recall>=1", "--min", "benign.fpr<=0.02")).toBe(0);
  expect(await cordon(...data(), "--json", "--min", "mixed.recall>=1", "--min", "mixed.fpr<=0.1")).toBe(1);
  expect((JSON.parse(out) as Evaluation & { gate: GateResult[] }).gate.map((r) => r.met)).toEqual([true, false]);
  expect(errors).toContain("1 of 2 bounds");
  await writeFile(join(dir, "gate.json"), JSON.stringify({ mixed: { auroc: { min: 0.99 } } }));
  expect(await cordon(...data(), "--gate", join(dir, "gate.json"))).toBe(1);
  expect(await cordon(...data(), "--gate", join(dir, "absent.json"))).toBe(2);
  expect(await cordon(...data(), "--min", "absent.auroc>=0.5")).toBe(2);
});

test("a package or data that is not there is a usage error in one line", async () => {
  expect(await cordon("--model", join(dir, "nothing"), "--data", join(dir, "mixed.jsonl"))).toBe(2);
  expect(errors.trim().split("\n")).toHaveLength(1);
  expect(await cordon("--model", join(dir, "model"), "--data", join(dir, "nothing.jsonl"))).toBe(2);
});
