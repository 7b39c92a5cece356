// 100,000 rows through every gate that needs no language model: in minutes, and in memory that the rows do not fill.
import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Candidate } from "#datasets/candidate";
import { writeJsonl } from "#datasets/files/write-jsonl";
import { readLines } from "#datasets/files/lines";
import { fixtureManifest, fixtureNgram } from "#models/fixture-package";
import { saveNgramPackage } from "#models/package";
import { Random } from "#models/random";
import { gatesSchema } from "./config.ts";
import { fixtureRow } from "./fixture-rows.ts";
import { passGates } from "./pass-gates.ts";

const ROWS = 100_000;
const MOST_BYTES = 400 * 2 ** 20;
const MOST_SECONDS = 300;

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-gates-slow-"));
});
afterAll(() => rm(folder, { recursive: true }));

const words = (random: Random, n: number) => Array.from({ length: n }, () => `w${random.below(20_000)}`);

/** Texts of 20 to 200 words; of ten, one is an earlier one again and two are like an earlier one. */
function* candidates(): Generator<Candidate> {
  const random = new Random(1, "rows");
  const recent: string[][] = [];
  for (let i = 0; i < ROWS; i++) {
    const kind = random.below(10);
    const earlier = recent.length > 0 && kind < 3 ? random.pick(recent) : undefined;
    const text = earlier === undefined ? words(random, 20 + random.below(180)) : [...earlier];
    if (earlier !== undefined && kind > 0) text[random.below(text.length)] = "changed";
    recent[i % 1000] = text;
    yield { state: "row", row: fixtureRow(text.join(" "), (i % 2) as 0 | 1, { topic: `topic-${i % 40}` }) };
  }
}

test("100,000 rows in bounded memory", async () => {
  const model = join(folder, "model");
  await saveNgramPackage(model, fixtureNgram(), fixtureManifest());
  const set = join(folder, "set.jsonl");
  const random = new Random(2, "set");
  await writeJsonl(
    set,
    Array.from({ length: 20_000 }, (_, id) => ({ id, text: words(random, 100).join(" ") })),
  );
  const config = gatesSchema.parse({
    near_duplicate: { rows: "all" },
    decontaminate: { against: [set] },
    judge: { model, margin: 0.4 },
    contrastive: { model, keep_agreeing: 0.9 },
    quota: { per_cell: 1000 },
  });
  const before = process.memoryUsage().rss;
  const started = performance.now();
  const passed = await passGates(candidates(), folder, { config, seed: 1 });
  const seconds = (performance.now() - started) / 1000;
  const bytes = process.resourceUsage().maxRSS * 1024 - before;
  const size = (await stat(passed.file)).size;
  console.log(`${ROWS} rows, ${(size / 2 ** 20).toFixed(0)} MiB kept: ${seconds.toFixed(1)} s, ${(bytes / 2 ** 20).toFixed(0)} MiB`);

  expect(passed.rows + Object.values(passed.dropped).reduce((a, b) => a + b)).toBe(ROWS);
  for (const gate of ["duplicate", "contradiction", "near-duplicate", "consistency", "contrastive", "quota"] as const) {
    expect([gate, passed.dropped[gate] > 0]).toEqual([gate, true]);
  }
  let lines = 0;
  for await (const _ of readLines(passed.file)) lines++;
  expect(lines).toBe(passed.rows);
  expect(seconds).toBeLessThan(MOST_SECONDS);
  expect(bytes).toBeLessThan(MOST_BYTES);
});
