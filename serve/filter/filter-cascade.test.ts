// Filtering with a cascade and with an encoder alone: the same rows as their scorers decide, and the share that was escalated.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CASCADE_WORDS, writeFixtureCascade } from "#models/fixture-cascade";
import { loadPackage, type ModelPackage } from "#models/package";
import { openScorer } from "#models/scorer";
import { FILTER_DEFAULTS, type FilterOptions, runFilter } from "./run-filter.ts";
import { readShardLedger } from "./shard-ledger.ts";

const dir = mkdtempSync(join(tmpdir(), "cordon-filter-cascade-"));
let cascade: ModelPackage;
let encoder: ModelPackage;
beforeAll(async () => {
  const paths = await writeFixtureCascade(dir, ["harmful", "hate", "threats"], ["fp32", "int8"]);
  cascade = await loadPackage(paths.cascade);
  encoder = await loadPackage(paths.second);
  mkdirSync(join(dir, "in"));
  for (const [name, from] of [
    ["a.jsonl", 0],
    ["b.jsonl", 60],
  ] as const)
    writeFileSync(
      join(dir, "in", name),
      Array.from({ length: 60 }, (_, i) => `${JSON.stringify({ id: `r${from + i}`, text: textOf(from + i) })}\n`).join(""),
    );
});
afterAll(() => rmSync(dir, { recursive: true }));

const { sure, unsure, innocent } = CASCADE_WORDS;
const textOf = (i: number) => `${["a quiet day", sure, unsure, innocent, "an ordinary “évening” 🙂"][i % 5]} number ${i}`;
const events = { progress: () => {}, failed: () => {}, stalled: () => {} };
let runs = 0;
const options = (more: Partial<FilterOptions> = {}): FilterOptions => ({
  ...FILTER_DEFAULTS,
  input: [join(dir, "in")],
  out: join(dir, `out-${runs++}`),
  threshold: 0.5,
  workers: 2,
  allLabels: false,
  resume: false,
  scorer: { threads: 1 },
  ...more,
});
const removedIds = (out: string) =>
  ["a.jsonl", "b.jsonl"].flatMap((name) =>
    readFileSync(join(out, "removed", name), "utf8")
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { id: string }).id),
  );

test.each([
  ["harmful", false],
  ["hate", false],
  ["hate", true],
])("a cascade removes by %s (all labels: %s) what its scorer finds, and counts what was escalated", async (category, allLabels) => {
  const result = await runFilter(options({ category, allLabels }), cascade, events);
  const scorer = await openScorer(cascade.model, { threads: 1 });
  const label = scorer.labels.indexOf(category);
  const found = Array.from({ length: 120 }, (_, i) => i).filter((i) => scorer.scoreText(textOf(i)).max[label]! >= 0.5);
  expect(removedIds(result.out)).toEqual(found.map((i) => `r${i}`));
  expect(result.totals).toMatchObject({ rows: { in: 120, failed: 0 }, escalated: 48 });
  expect(readShardLedger(result.out, "a.jsonl")).toMatchObject({ escalated: 24 });
  const ledger = JSON.parse(readFileSync(join(result.out, "ledger.json"), "utf8")) as { totals: { escalated: number } };
  expect(ledger.totals.escalated).toBe(48);
});

test("an encoder alone filters too, in the precision that is asked for, which belongs to the run", async () => {
  const first = options({ scorer: { precision: "int8", threads: 1 } });
  const result = await runFilter(first, encoder, events);
  expect(result.totals.rows).toMatchObject({ in: 120, removed: 48 });
  expect(result.totals.escalated).toBeUndefined();
  await expect(runFilter({ ...first, resume: true, scorer: { threads: 1 } }, encoder, events)).rejects.toThrow(/another inference/);
  expect((await runFilter({ ...first, resume: true, scorer: { precision: "int8" } }, encoder, events)).shards.skipped).toBe(2);
});

test("what does not fit the model is refused before the folder is made", async () => {
  await expect(runFilter(options({ category: "cats" }), cascade, events)).rejects.toMatchObject({ code: "model/no-such-label" });
  await expect(runFilter(options({ scorer: { precision: "fp16" } }), cascade, events)).rejects.toThrow(/no graph in fp16/);
});
