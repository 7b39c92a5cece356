// The verb from two packages to a cascade that loads, and `cordon eval --escalation-curve` on it. The first stage is trained
// here, on rows that hide one of two made-up words; the second is an encoder that knows both.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { EscalationPoint } from "#eval/escalation";
import type { Evaluation } from "#eval/evaluate";
import { fixtureEncoder } from "#models/encoder/fixture-encoder";
import { loadPackage, saveEncoderPackage } from "#models/package";
import { Random } from "#models/random";
import { openScorer } from "#models/scorer";
import { capturedCli } from "#scripts/captured-cli";

let dir: string;
let out = "";
let errors = "";
const at = (name: string) => join(dir, name);
afterAll(() => rm(dir, { recursive: true }));

async function cordon(...args: string[]): Promise<number> {
  const { code, stdout, stderr } = await capturedCli(args);
  [out, errors] = [stdout, stderr];
  return code;
}

/**
 * In the training split a row of "fog" is harmful by chance; in the others it is where it holds a word that the first stage
 * has never seen. Rows with "zorblax" are harmful, all others harmless: these it knows.
 */
function rows(): string {
  const random = new Random(11, "cascade.test");
  const filler = () => Array.from({ length: 6 }, () => `w${random.below(40)}`).join(" ");
  const lines: object[] = [];
  for (const [split, n] of [
    ["train", 1500],
    ["calibration", 120],
    ["test", 120],
  ] as const) {
    for (let i = 0; i < n; i++) {
      const id = `${split}-${i}`;
      if (i % 3 === 0) lines.push({ id, split, label: 1, text: `${filler()} zorblax ${filler()}` });
      else if (i % 3 === 1) lines.push({ id, split, label: 0, text: `${filler()} ${filler()}` });
      else {
        const label = random.below(2);
        lines.push({ id, split, label, text: `${filler()} fog ${split !== "train" && label ? "quimpet" : ""} ${filler()}` });
      }
    }
  }
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cordon-cascade-"));
  await writeFile(at("data.jsonl"), rows());
  const encoder = (labels: string[]) => fixtureEncoder(labels, { zorblax: [], quimpet: [] });
  for (const [name, labels] of [
    ["second", ["harmful", "privacy"]],
    ["other", ["privacy", "harmful"]],
  ] as const)
    await saveEncoderPackage(at(name), encoder([...labels]).contents, encoder([...labels]).manifest);
  expect(
    await cordon("train", "--data", at("data.jsonl"), "--labels", "harmful", "--bits", "12", "--min-count", "1", "--out", at("first")),
  ).toBe(0);
});

const joinedAt = (...more: string[]) =>
  cordon("cascade", "--first", at("first"), "--second", at("second"), "--data", at("data.jsonl"), "--threads", "1", ...more);

interface Told {
  escalate: { share: number; measured: number; on: string; texts: number };
  band: { low: number; high: number };
  heldOut: Record<string, { auroc: number }>;
  escalation: EscalationPoint[];
  sameData: { first: boolean; second: boolean };
}

test("joins two packages into one that is better than its better half, at the cost that was stated", async () => {
  expect(await joinedAt("--escalate", "40%", "--out", at("cascade"), "--report", at("report.html"), "--json")).toBe(0);
  const told = JSON.parse(out) as Told;
  expect(told.escalate).toMatchObject({ share: 0.4, on: "calibration", texts: 120 });
  expect(told.escalate.measured).toBeLessThanOrEqual(0.4);
  expect(told.heldOut["cascade"]!.auroc).toBeGreaterThan(told.heldOut["first"]!.auroc + 0.02);
  expect(told.heldOut["cascade"]!.auroc).toBeGreaterThanOrEqual(told.heldOut["second"]!.auroc - 0.02);
  expect(told.sameData).toEqual({ first: true, second: false });
  expect(errors).toMatch(/second stage was trained on other data/);
  expect(told.escalation.map((point) => point.share)).toEqual([0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.5, 1]);
  expect(told.escalation[0]).toMatchObject({ escalated: 0, cost: 1 });
  expect(told.escalation.at(-1)!.escalated).toBe(1);
  expect(told.escalation.at(-1)!.cost).toBeGreaterThan(2);

  const { manifest, model } = await loadPackage(at("cascade"));
  expect(manifest.labels).toEqual(["harmful"]);
  expect(manifest.thresholds["harmful"]!.rule).toMatch(/calibration negatives flagged/);
  const scorer = await openScorer(model, { threads: 1 });
  expect(scorer.scoreText("w1 w2 fog quimpet w3").max[0]).toBeGreaterThan(0.9);
  expect(scorer.scoreText("w1 w2 fog w4 w3").max[0]).toBeLessThan(0.2);
  expect(scorer.scoreText("w1 zorblax w3").max[0]).toBeGreaterThan(0.9);
  const report = await readFile(at("report.html"), "utf8");
  expect(report).toContain("Quality against cost");
  expect(report + errors + out).not.toMatch(/zorblax|quimpet/);
});

test("rows that say what a training row says word for word are neither calibrated nor measured on", async () => {
  const lines = (await readFile(at("data.jsonl"), "utf8")).trimEnd().split("\n");
  const copies = lines.slice(0, 50).map((line, i) => JSON.stringify({ ...JSON.parse(line), id: `copy-${i}`, split: "calibration" }));
  await writeFile(at("copies.jsonl"), copies.map((line) => `${line}\n`).join(""));
  expect(await joinedAt("--data", at("copies.jsonl"), "--out", at("unseen"), "--json")).toBe(0);
  const told = JSON.parse(out) as Told;
  expect(told.escalate.texts).toBe(120);
  expect(told.sameData.first).toBe(false);
});

test("gives the same bytes again", async () => {
  expect(await joinedAt("--escalate", "0.4", "--out", at("again"))).toBe(0);
  expect(out).toContain("goes to the second stage");
  for (const name of ["cordon.json", "README.md"])
    expect(await readFile(join(at("again"), name), "utf8")).toBe(await readFile(join(at("cascade"), name), "utf8"));
});

test("cordon eval sets quality against cost on any data, as table, JSON and figure, and says what was escalated", async () => {
  const args = ["eval", "--model", at("cascade"), "--data", at("data.jsonl"), "--bootstrap", "0", "--threads", "1"];
  expect(await cordon(...args, "--escalation-curve", "--report", at("eval.html"), "--json")).toBe(0);
  const { sets, escalation } = JSON.parse(out) as Evaluation;
  const points = escalation!.sets["data"]!;
  const own = points.find((point) => point.share === 0.4)!;
  expect(own.escalated).toBeCloseTo(sets["data"]!.escalated!, 12);
  expect(own.auroc).toBeCloseTo(sets["data"]!.auroc!, 12);
  for (const point of points) expect(point.ms).toBeGreaterThanOrEqual(points[0]!.ms);
  expect(await readFile(at("eval.html"), "utf8")).toContain("first stage = 1");
  expect(await cordon(...args, "--escalation-curve")).toBe(0);
  expect(out).toMatch(/escalated at most +escalated +ms a text/);
  expect(await cordon(...args, "--min", "data.escalated<=0.01")).toBe(1);
  expect(errors).toMatch(/gate.*data\.escalated <= 0\.01/);
});

test("the share is of the traffic, where there is some", async () => {
  await writeFile(
    at("traffic.jsonl"),
    Array.from({ length: 50 }, (_, i) => `${JSON.stringify({ text: i ? "w1 w2 w3 w4" : "w1 fog" })}\n`).join(""),
  );
  expect(await joinedAt("--escalate", "2%", "--traffic", at("traffic.jsonl"), "--out", at("traffic"), "--json")).toBe(0);
  const { escalate } = JSON.parse(out) as Told;
  expect(escalate).toMatchObject({ on: "traffic", texts: 50 });
  expect(escalate.measured).toBeLessThanOrEqual(0.02);
});

test.each<[string, string[], number, RegExp]>([
  ["an encoder first", ["--first", "second"], 2, /--first takes a model of n-grams, and the package holds an encoder.*model\/other-kind/],
  ["n-grams second", ["--second", "first"], 2, /--second takes an encoder, and the package holds a model of n-grams.*cordon finetune/],
  ["stages that decide by other labels", ["--second", "other"], 2, /decide by other labels, harmful and privacy/],
  ["no package", ["--second", "nowhere"], 2, /no model package/],
  ["a precision that is not there", ["--precision", "int8"], 2, /no graph in int8/],
  ["a folder with something else in it", ["--out", "."], 2, /holds no cordon\.json/],
  ["the folder of a stage", ["--out", "second"], 2, /would replace one of its stages/],
  ["too few rows", ["--data", "few.jsonl"], 1, /calibration split has 0 rows.*data\/too-few-examples/],
  ["a share that is none", ["--escalate", "200%"], 2, /a share such as/],
])("%s: one line, nothing written", async (_, args, code, message) => {
  await writeFile(
    at("few.jsonl"),
    ["a", "b", "c", "d"].map((id, i) => `${JSON.stringify({ id, text: id, label: i % 2, split: "train" })}\n`).join(""),
  );
  const given = new Map([
    ["--first", at("first")],
    ["--second", at("second")],
    ["--data", at("data.jsonl")],
    ["--out", at("none")],
  ]);
  for (let i = 0; i < args.length; i += 2) given.set(args[i]!, /^-|%$|^int8$/.test(args[i + 1]!) ? args[i + 1]! : join(dir, args[i + 1]!));
  expect(await cordon("cascade", ...[...given].flat())).toBe(code);
  expect(errors).toMatch(message);
  expect(out).toBe("");
  await expect(readFile(join(at("none"), "cordon.json"))).rejects.toThrow();
});

test("only a cascade has a curve, and n-grams have no precisions", async () => {
  const args = ["--data", at("data.jsonl"), "--bootstrap", "0"];
  expect(await cordon("eval", "--model", at("first"), ...args, "--escalation-curve")).toBe(2);
  expect(errors).toMatch(/only a cascade has a second stage.*model\/other-kind/);
  expect(await cordon("eval", "--model", at("first"), ...args, "--precision", "int8")).toBe(2);
  expect(errors).toMatch(/no precisions and no providers \(--precision\)/);
  expect(await cordon("eval", "--model", at("second"), ...args)).toBe(0);
  expect(out).not.toContain("escalated");
});
