// The benchmark's plumbing, on little data: its figures mean nothing here.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { saveNgramPackage } from "#models/package";
import { fixtureModel } from "#serve/guard/fixture-model";
import { benchFilter, describeFilterBench } from "./filter.ts";

test("measures Cordon and, where it is installed, fastText on the same documents", async () => {
  const dir = mkdtempSync(join(tmpdir(), "cordon-bench-"));
  const { weights, manifest } = fixtureModel(["harmful"]);
  await saveNgramPackage(join(dir, "model"), weights, manifest);
  const rows = (n: number) =>
    Array.from({ length: n }, (_, i) =>
      JSON.stringify({ id: `${i}`, text: `document ${i} says ${i % 7} things about ${i % 11}`, label: i % 2 }),
    ).join("\n");
  writeFileSync(join(dir, "examples.jsonl"), rows(200));
  writeFileSync(join(dir, "corpus.jsonl"), rows(500));
  const options = {
    model: join(dir, "model"),
    examples: [join(dir, "examples.jsonl")],
    input: [join(dir, "corpus.jsonl")],
    minMb: 2,
    bigMb: 60,
    rounds: 1,
  };
  const result = await benchFilter(options);
  expect(result.corpus.jsonlMb).toBeGreaterThanOrEqual(2);
  expect(result.corpus.documents % 500).toBe(0);
  expect(result.cordon.documentsPerSecond).toBeGreaterThan(0);
  expect(result.fasttext?.length ?? 4).toBe(4);
  expect(result.stages.total).toBeGreaterThan(0);
  if (process.platform === "linux") expect(result.memory!.peakRssMb).toBeLessThan(500);
  expect(describeFilterBench(result)).toContain("cordon filter --workers 1");
  rmSync(dir, { recursive: true });
}, 300_000);
