import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Candidate } from "#datasets/candidate";
import { cellOf } from "#datasets/candidate";
import { type Example, exampleSchema } from "#datasets/example";
import { collect } from "#datasets/files/collect";
import { textId } from "#datasets/files/hash";
import type { Answer, Asker, Prompt } from "#datasets/generators/asker";
import { answerOf } from "#datasets/generators/fixture-model";
import { sexualisesMinors } from "#datasets/minors";
import { type Recipe, recipeHash, recipeSchema } from "#datasets/recipe";
import { splitOf, splitOfSeed } from "#datasets/splits";
import { Random } from "#models/random";
import { candidates } from "./index.ts";
import { NEEDS_GENERATOR } from "./sections.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-strategies-"));
  for (const subject of ["virology", "history"]) {
    const lines = Array.from({ length: 12 }, (_, i) => `"Which ${subject} item is ${i}?",a${i},b${i},c${i},d${i},${"ABCD"[i % 4]}\n`);
    await writeFile(join(folder, `${subject}_test.csv`), lines.join(""));
  }
  const rows = ["biological", "cyber"].flatMap((topic) =>
    [0, 1].map((label) => ({
      id: `${topic}-${label}`,
      text: `about ${topic}, ${label}`,
      label,
      topic,
      categories: label === 1 ? [topic] : [],
    })),
  );
  await writeFile(join(folder, "rows.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
});
afterAll(() => rm(folder, { recursive: true }));

const CHAPTERS = { chapters: ["privacy", "cyber", "sexual-content", "benign"] };
const TEXTS = { texts: { ...CHAPTERS, per_chapter: 8 } };
const WRITERS = { generators: { harmful: "free", harmless: "aligned" }, license: "CC0-1.0" };
const SEEDS = { seeds: "mmlu", from: "/nonexistent", format: "mmlu", harmful: ["virology"] };

const recipe = (...strategies: object[]): Recipe =>
  recipeSchema.parse({
    name: "small",
    description: "d",
    seed: 3,
    generators: Object.fromEntries(
      ["free", "aligned"].map((model) => [model, { kind: "endpoint", base_url: "http://localhost/v1", model }]),
    ),
    strategies,
  });

/** Every strategy with a language model, small. */
const ASKED = [
  { kind: "answers", ...SEEDS, per_question: 2, limit: 5 },
  { kind: "constitution", ...CHAPTERS, prompts: 9, subtopics: 3, replies: 0.5 },
  { kind: "codeclm", ...TEXTS },
  { kind: "minimal-pairs", ...TEXTS },
  { kind: "rephrase", ...TEXTS, per_text: 2 },
  { kind: "textbook", ...CHAPTERS, passages: 6 },
  { kind: "dialogue", ...CHAPTERS, dialogues: 6 },
  { kind: "refine", ...CHAPTERS, passages: 6 },
  { kind: "replies", ...CHAPTERS, prompts: 6 },
].map((section) => ({ ...section, ...WRITERS }));
const byKind = (section: { kind: string }) => [section.kind, section] as const;

/** The same without: what the grammar writes. */
const EMBEDDED = ASKED.filter(({ kind }) => !NEEDS_GENERATOR.has(kind as "answers")).map(
  ({ generators: _, license: __, ...section }) => section,
);

/** Answers by the fixture model, unless `fate` says otherwise; replies come in no order. */
class ModelAsker implements Asker {
  calls = 0;
  readonly #fate: (key: string) => "answered" | "refused" | "failed";
  readonly #delay: boolean;

  constructor(fate: (key: string) => "answered" | "refused" | "failed" = () => "answered", delay = false) {
    this.#fate = fate;
    this.#delay = delay;
  }

  async ask<T>(generator: string, prompt: Prompt<T>, sample = 0): Promise<Answer<T>> {
    this.calls++;
    const key = textId(JSON.stringify([generator, prompt.messages, sample]));
    const origin = { model: `model ${generator}`, promptSha256: key };
    if (this.#delay) await sleep(new Random(this.calls).below(4));
    const state = this.#fate(key);
    if (state !== "answered") return { state, reason: "as the test wants", origin };
    const value = answerOf({ messages: [...prompt.messages], seed: sample });
    return { state, value: prompt.reply.parse(JSON.parse(value)), origin };
  }
}

const run = (whole: Recipe, asker?: Asker): Promise<Candidate[]> =>
  collect(candidates(whole, { seeds: whole.strategies.some((s) => "seeds" in s) ? { mmlu: join(folder, "*_test.csv") } : {}, asker }));
const rowsOf = (all: readonly Candidate[]) => all.flatMap((c) => (c.state === "row" ? [c.row] : []));
// A failing test prints hashes, not texts.
const hashes = (all: readonly Candidate[]) => all.map((candidate) => textId(JSON.stringify(candidate)));

/** What holds of every row that a strategy makes. */
function checkRows(rows: readonly Example[], whole: Recipe): void {
  expect(rows.length).toBeGreaterThan(0);
  expect(new Set(rows.map((row) => row.id)).size).toBe(rows.length);
  for (const row of rows) {
    expect(exampleSchema.safeParse(row).success).toBe(true);
    expect(row.lineage).toMatchObject({ recipe: recipeHash(whole).slice(0, 16) });
    expect(row.lineage!.seedIds.length).toBeGreaterThan(0);
    expect(splitOf(row), row.id).toBe(splitOfSeed(row.lineage!.seedIds[0]!));
    expect([row.synthetic, typeof row.topic, typeof row.license]).toEqual([true, "string", "string"]);
    expect(/\{\w+\}/.test(row.text), `${row.id} has an empty slot`).toBe(false);
    expect(row.label === 0 ? row.categories : []).toEqual([]);
    expect(row.label === 1 && row.categories.length === 0 && !row.unknown.includes("*")).toBe(false);
    expect(sexualisesMinors(row)).toBe(false);
  }
  for (const sides of Map.groupBy(rows, (row) => row.pair ?? row.id).values()) {
    expect(sides.length).toBeLessThanOrEqual(2);
    expect(new Set(sides.map((row) => JSON.stringify(row.lineage!.seedIds))).size).toBe(1);
  }
}

describe.each(ASKED.map(byKind))("%s with a language model", (kind, section) => {
  test("rows of both labels, by the generator of each side, with the whole of their lineage", async () => {
    const whole = recipe(section);
    const all = await run(whole, new ModelAsker());
    const rows = rowsOf(all);
    expect(rows).toHaveLength(all.length);
    checkRows(rows, whole);
    expect(new Set(rows.map((row) => row.label)).size).toBe(2);
    for (const row of rows) {
      const op = row.lineage!.ops.at(-1)!;
      expect(cellOf(row)).toMatchObject({ topic: row.topic, label: row.label });
      if (op.name === "minimal-pairs/original") continue;
      expect(op).toMatchObject({
        name: expect.stringMatching(new RegExp(`^${kind}`)),
        model: `model ${row.label === 1 ? "free" : "aligned"}`,
        promptSha256: expect.stringMatching(/^\w+$/),
      });
      expect(row.license).toBe("CC0-1.0");
    }
  });

  test("the order in which answers come changes nothing", async () => {
    const whole = recipe(section);
    expect(hashes(await run(whole, new ModelAsker(undefined, true)))).toEqual(hashes(await run(whole, new ModelAsker())));
  });

  test("what fails is counted where it was aimed; what is kept is what a clean run keeps of it", async () => {
    const whole = recipe(section);
    const clean = await run(whole, new ModelAsker());
    for (const share of [0.1, 0.5, 1]) {
      const fate = (key: string) => {
        const roll = Number.parseInt(key.slice(0, 6), 16) / 0xffffff;
        return roll >= share ? "answered" : roll < share / 2 ? "refused" : "failed";
      };
      const all = await run(whole, new ModelAsker(fate));
      const kept = new Set(hashes(all.filter((c) => c.state === "row")));
      expect(hashes(clean).filter((hash) => kept.has(hash))).toEqual([...kept]);
      expect(all).toHaveLength(clean.length);
      if (share === 1) expect(kept.size).toBe(0);
      // Cell by cell: rows and failures are together what a clean run has.
      expect(cells(all)).toEqual(cells(clean));
      const failed = all.filter((c) => c.state === "failed");
      expect(new Set(failed.map((f) => f.id)).size).toBe(failed.length);
      for (const { gate, reason, seedIds } of failed)
        expect([gate, reason, seedIds.length > 0]).toEqual([expect.toBeOneOf(["refusal", "generator"]), "as the test wants", true]);
    }
  });
});

function cells(all: readonly Candidate[]): string[] {
  return all.map((c) => JSON.stringify(c.state === "row" ? cellOf(c.row) : c.cell, ["topic", "label", "strategy"])).sort();
}

describe.each(EMBEDDED.map(byKind))("%s without one", (kind, section) => {
  test("varied rows of both labels, the same in every run", async () => {
    const whole = recipe(section);
    const all = await run(whole);
    const rows = rowsOf(all);
    checkRows(rows, whole);
    expect(rows).toHaveLength(all.length);
    expect(
      rows.every((row) => row.lineage!.ops.at(-1)!.name.startsWith(kind) && row.lineage!.ops.every((op) => op.model === undefined)),
    ).toBe(true);
    expect(new Set(rows.map((row) => row.text)).size).toBeGreaterThan(0.95 * rows.length);
    expect(hashes(await run(whole))).toEqual(hashes(all));
    const other = rowsOf(await run({ ...whole, seed: 4 }));
    expect(other.filter((row) => rows.some((r) => r.text === row.text)).length).toBeLessThan(0.2 * rows.length);
  });

  test("the same text never comes with both labels", async () => {
    const byText = new Map<string, number>();
    const clash = rowsOf(await run(recipe(section))).filter((row) => {
      const before = byText.get(row.text);
      byText.set(row.text, row.label);
      return before !== undefined && before !== row.label;
    });
    expect(clash).toHaveLength(0);
  });
});

test("the two sides of an embedded pair differ in the act alone: equal openings and endings", async () => {
  const rows = rowsOf(await run(recipe({ kind: "textbook", ...CHAPTERS }, { kind: "dialogue", ...CHAPTERS })));
  const pairs = [
    ...Map.groupBy(
      rows.filter((row) => row.pair),
      (row) => row.pair!,
    ).values(),
  ];
  expect(pairs.length).toBeGreaterThan(100);
  for (const [one, two] of pairs) {
    expect([one!.label, two!.label]).toEqual([1, 0]);
    const turns = (row: Example) => row.text.split("\n\n").length;
    expect(turns(one!)).toBe(turns(two!));
  }
});

test("replies make triplets: one prompt, a chosen and a rejected reply, of which only the compliant one is harmful", async () => {
  for (const section of [
    { kind: "replies", ...CHAPTERS },
    { kind: "replies", ...CHAPTERS, prompts: 10, ...WRITERS },
  ]) {
    const pairs = [...Map.groupBy(rowsOf(await run(recipe(section), new ModelAsker())), (row) => row.pair!).values()];
    expect(pairs.length).toBeGreaterThan(30);
    for (const pair of pairs) {
      expect(pair.map((row) => row.lineage!.ops.at(-1)!.params!["preference"])).toEqual(["chosen", "rejected"]);
      expect(pair[0]!.turns![0]).toEqual(pair[1]!.turns![0]);
      expect(pair.every((row) => row.text === row.turns!.at(-1)!.content && row.turns!.length === 2)).toBe(true);
      for (const row of pair) expect(row.label).toBe(row.lineage!.ops.at(-1)!.name === "replies/compliant" ? 1 : 0);
    }
  }
});

test("a stance makes a harmful act harmless, and neither stance is the label", async () => {
  const rows = rowsOf(await run(recipe({ kind: "minimal-pairs", texts: { chapters: ["cyber"], per_chapter: 60 } })));
  const labels = (name: string) =>
    new Set(rows.filter((row) => row.lineage!.ops.at(-1)!.name === `minimal-pairs/${name}`).map((row) => row.label));
  expect(labels("want")).toEqual(new Set([0, 1]));
  expect(labels("turn")).toEqual(new Set([0]));
});

test("texts of a data set: its rows are parents, its lineage draws the split, an edit into harm keeps to its topic", async () => {
  const texts = { seeds: "mine", from: join(folder, "rows.jsonl"), format: "examples" };
  const rows = rowsOf(
    await run(
      recipe({ kind: "minimal-pairs", texts, ...WRITERS }, { kind: "rephrase", texts: { ...texts, limit: 2 }, ...WRITERS }),
      new ModelAsker(),
    ),
  );
  const edits = rows.filter((row) => row.lineage!.ops.at(-1)!.name === "minimal-pairs/to-harmful");
  expect(edits.map((row) => row.categories)).toEqual([["biological"], ["cyber"]]);
  for (const row of edits) {
    const original = rows.find((r) => r.id === row.lineage!.parents[0])!;
    expect(original.lineage!.parents).toEqual([`${row.topic}-0`]);
    expect([original.pair, splitOf(original)]).toEqual([row.pair, splitOf(row)]);
  }
  const rephrased = rows.filter((row) => row.source === "rephrase");
  expect(rephrased).toHaveLength(2);
  for (const row of rephrased) expect(row.lineage!.parents).toEqual(row.lineage!.seedIds);
});

test("no model is asked to work on what may not be written, whatever its label", async () => {
  const of = (id: string, more: object) => ({
    id,
    text: `an adult ${id}`,
    label: 1,
    topic: "sexual-content",
    categories: ["sexual-content"],
    ...more,
  });
  const rows = [
    of("fine", {}),
    of("category", { categories: ["child-exploitation"] }),
    of("topic", { topic: "child-exploitation", label: 0, categories: [] }),
    of("words", { text: "sexually explicit words beside the word minor", label: 0, categories: [] }),
  ];
  await writeFile(join(folder, "unwritten.jsonl"), rows.map((row) => `${JSON.stringify(row)}\n`).join(""));
  const texts = { seeds: "mine", from: join(folder, "unwritten.jsonl"), format: "examples" };
  const sections = ["rephrase", "minimal-pairs", "codeclm"].map((kind) => ({ kind, texts, ...WRITERS }));
  const made = await run(recipe(...sections), new ModelAsker());
  expect(new Set(rowsOf(made).map((row) => row.lineage!.seedIds.join()))).toEqual(new Set(["fine"]));
  expect(made.every((candidate) => candidate.state === "row")).toBe(true);
});

test("transforms are copies of the rows above them, half of them harmful, and ask nobody anew", async () => {
  const above = [
    { kind: "minimal-pairs", ...TEXTS },
    { kind: "refine", ...CHAPTERS, passages: 4, ...WRITERS },
  ];
  const whole = recipe(...above, { kind: "transforms", share: 0.5 });
  const rows = rowsOf(await run(whole, new ModelAsker()));
  const copies = rows.filter((row) => row.lineage!.ops.at(-1)!.name.startsWith("transform/"));
  expect(copies.length).toBeGreaterThan(10);
  expect(copies.filter((row) => row.label === 1).length).toBe(copies.length / 2);
  const ids = new Set(rows.map((row) => row.id));
  expect(copies.every((row) => ids.has(row.lineage!.parents[0]!))).toBe(true);
  expect(copies.every((row) => row.lineage!.recipe === recipeHash(whole).slice(0, 16))).toBe(true);
});

test("an error of the asker ends the run, and is told as it is", async () => {
  let calls = 0;
  const asker = new ModelAsker(() => {
    if (++calls > 20) throw new Error("over budget");
    return "answered";
  });
  await expect(run(recipe(ASKED[1]!), asker)).rejects.toThrow("over budget");
});

test("answers are waited for many at a time, never more than the window", async () => {
  let open = 0;
  let peak = 0;
  const inner = new ModelAsker();
  const asker: Asker = {
    async ask(...args) {
      peak = Math.max(peak, ++open);
      await sleep(1);
      const answer = await inner.ask(...args);
      open--;
      return answer;
    },
  };
  await collect(candidates(recipe({ kind: "textbook", ...CHAPTERS, passages: 20, ...WRITERS }), { seeds: {}, asker, window: 12 }));
  expect(peak).toBe(12);
});
