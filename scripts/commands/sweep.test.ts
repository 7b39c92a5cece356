import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { capturedCli } from "#scripts/captured-cli";

let dir: string;
let out = "";
let errors = "";
const at = (name: string) => join(dir, name);

// Two domains of invented words; scores are right for all but a few.
const documents = Array.from({ length: 240 }, (_, i) => {
  const label = i % 4 === 0 ? 1 : 0;
  const words = label === 1 ? ["virobe", "plasmid", "infolect"] : ["market", "winter", "garden"];
  const text = Array.from({ length: 20 }, (_w, k) => words[(i + k * k) % 3]).join(" ") + " 🙂";
  return { id: `d${i}`, source: label === 1 ? "books/virology" : i % 2 === 0 ? "books/chemistry" : "web", text, label };
});
const attributes = (d: (typeof documents)[number], i: number) => ({
  id: d.id,
  source: d.source,
  attributes: {
    run__cordon__harmful: [[0, [...d.text].length, (i % 30 === 2 ? 1 - d.label : d.label) * 0.8 + (i % 10) / 100]],
    run__cordon__harmful_mean: [[0, [...d.text].length, 0.5]],
  },
});
const lines = (rows: object[]) => rows.map((row) => JSON.stringify(row)).join("\n");

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cordon-sweep-"));
  await mkdir(at("attributes/run"), { recursive: true });
  await mkdir(at("documents"));
  const halves = [documents.slice(0, 120), documents.slice(120)];
  for (const [h, half] of halves.entries()) {
    await writeFile(at(`attributes/run/${h}.jsonl.gz`), gzipSync(lines(half.map((d, i) => attributes(d, i + h * 120)))));
    await writeFile(at(`documents/${h}.jsonl`), lines(half.map(({ label: _, ...d }) => d)));
  }
  await writeFile(at("labels.jsonl"), lines(documents.map(({ id, label }) => ({ id, label }))));
  await writeFile(at("labels.csv"), `id,label\n${documents.map((d) => `${d.id},${d.label}`).join("\n")}\n`);
  for (const [folder, accuracy] of [
    ["none", 0.4],
    ["0.5", 0.3],
  ] as const) {
    await mkdir(at(`lm/${folder}/m`), { recursive: true });
    await writeFile(
      at(`lm/${folder}/m/results_2026-01-01T00-00-00.json`),
      JSON.stringify({ results: { wmdp_bio: { "acc,none": accuracy, "acc_stderr,none": 0.01 } } }),
    );
  }
});
afterAll(() => rm(dir, { recursive: true }));

const cordon = (...args: string[]) => cordonOf("attributes", ...args);

async function cordonOf(scores: string, ...args: string[]): Promise<number> {
  const { code, stdout, stderr } = await capturedCli(["sweep", "--scores", at(scores), "--out", at("out"), "--bootstrap", "20", ...args]);
  [out, errors] = [stdout, stderr];
  return code;
}

test("sweeps, probes, joins capability runs and writes all three files", async () => {
  const code = await cordon(
    "--documents",
    at("documents/*.jsonl"),
    "--labels",
    at("labels.jsonl"),
    "--probe",
    "--capabilities",
    at("lm"),
    "--max-harmless-loss",
    "5%",
    "--json",
  );
  expect(errors).toContain("240 documents swept");
  expect(code).toBe(0);
  const result = JSON.parse(out);
  expect(result).toMatchObject({
    attribute: "run__cordon__harmful",
    unscored: 0,
    documents: 240,
    labelled: { harmful: 60, harmless: 180, unknown: 0 },
  });
  expect(result.characters).toBe(documents.reduce((sum, d) => sum + [...d.text].length, 0));
  expect(result.recommended.point.harmless_loss.characters).toBeLessThanOrEqual(0.05);
  expect(result.points.map((p: { threshold: number }) => p.threshold)).toContain(0.5);
  expect(result.probe.points.at(-1).threshold).toBeNull();
  expect(result.capabilities).toHaveLength(2);
  expect(result.evaluation.sets["scored documents"].auroc).toBeGreaterThan(0.9);
  expect(JSON.parse(await readFile(at("out/sweep.json"), "utf8"))).toEqual(result);
  expect(await readFile(at("out/sweep.csv"), "utf8")).toMatch(/^threshold,source,/);
  const report = await readFile(at("out/report.html"), "utf8");
  expect(report).toContain("</html>");
  expect(report + out).not.toContain("plasmid");
});

test("labels come from CSV or from the source, with the same result", async () => {
  expect(await cordon("--labels", at("labels.csv"), "--json")).toBe(0);
  const fromCsv = JSON.parse(out);
  expect(await cordon("--harmful-source", "virology", "--json")).toBe(0);
  expect(JSON.parse(out)).toEqual(fromCsv);
});

test("another attribute, and rules without labels", async () => {
  expect(await cordon("--attribute", "harmful_mean", "--max-removed", "0.1", "--json")).toBe(0);
  expect(JSON.parse(out)).toMatchObject({
    attribute: "run__cordon__harmful_mean",
    labelled: { unknown: 240 },
    recommended: { point: { removed_count: { documents: 0 } } },
  });
  expect(await cordon("--attribute", "nothing", "--max-removed", "0.1")).toBe(1);
  expect(errors).toContain("name one of run__cordon__harmful,");
  expect(await cordon()).toBe(1);
  expect(errors).toContain("the rule needs labels");
  expect(await cordon("--max-removed", "0.1", "--target-recall", "0.9")).toBe(2);
  expect(await cordon("--max-removed", "0.1", "--probe")).toBe(2);
});

test("documents and scores that do not match are refused, failed rows are counted", async () => {
  expect(await cordon("--documents", at("documents/0.jsonl"), "--harmful-source", "virology")).toBe(1);
  expect(errors).toContain("120 scores belong to no document");
  await mkdir(at("failed"));
  await writeFile(at("failed/x.jsonl"), lines([attributes(documents[0]!, 0), { id: "broken", attributes: {}, failed: "not JSON" }]));
  expect(await cordonOf("failed", "--max-removed", "50%", "--json")).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ documents: 1, unscored: 1 });
  await writeFile(at("failed/y.jsonl"), lines([attributes(documents[0]!, 0)]));
  expect(await cordonOf("failed", "--max-removed", "50%")).toBe(1);
  expect(errors).toContain("y.jsonl:1");
  await writeFile(at("failed/y.jsonl"), '{"id":"a","attributes":{"x":[[0,1,7]]}}');
  expect(await cordonOf("failed/y.jsonl", "--max-removed", "50%")).toBe(1);
  expect(errors).toContain("from 0 to 1");
});
