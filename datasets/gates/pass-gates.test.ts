import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Candidate, cellOf } from "#datasets/candidate";
import type { Example } from "#datasets/example";
import { splitOfSeed } from "#datasets/splits";
import { Random } from "#models/random";
import { gatesSchema } from "./config.ts";
import { fixtureRow as row, passRows, WRITTEN } from "./fixture-rows.ts";
import { GATES } from "./gate.ts";
import { passGates } from "./pass-gates.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-pass-gates-"));
});
afterAll(() => rm(folder, { recursive: true }));

const LONG = "the ferry captain described several maps behind the station every other Thursday while it rained and nobody else was looking";

describe("each gate", () => {
  test("drops what it is for, with a reason that holds no text", async () => {
    const otherSplit = Array.from({ length: 99 }, (_, i) => `s/${i}`).find((id) => splitOfSeed(id) !== splitOfSeed("s/1"))!;
    const mixed = { lineage: { seedIds: ["s/1", otherSplit], parents: [], ops: [{ name: "grammar/act", version: 1 }] } };
    const set = join(folder, "exam.jsonl");
    await writeFile(set, `{"id":"q7","text":"It is said that ${LONG}, zorblax."}\n`);
    const failed: Candidate = {
      state: "failed",
      id: "f1",
      cell: { topic: "hate", label: 1, strategy: "constitution" },
      gate: "generator",
      reason: "no JSON after 6 attempts",
      seedIds: ["s/9"],
    };
    const rows = [
      row("fine words"),
      failed,
      row("zorblax", 2 as 1),
      row("I'm sorry, but I cannot help with writing that content, zorblax.", 0, WRITTEN),
      row("z"),
      row("zorblax ".repeat(40)),
      row("sexual abuse of minors", 1),
      row("zorblax zorblax", 0, mixed),
      row("  Fine\nWORDS "),
      row("both labels"),
      row("Both labels", 1),
      row("zorblax near the harbour in a rented barn before sunrise and some more", 0, WRITTEN),
      row("Zorblax near the harbour, in a rented barn before sunrise, and some more!", 0, WRITTEN),
      row(`Zorblax: ${LONG.toUpperCase()}`),
    ];
    const { kept, drops, dropped, funnel } = await passRows(rows, { max_characters: 200, decontaminate: { against: [set] } });
    const id = (at: number) => (rows[at] as Example).id;
    expect(kept.map((r) => r.id)).toEqual([id(0), id(11)]);
    expect(drops.map((d) => [d.gate, d.id])).toEqual([
      ["generator", "f1"],
      ["schema", id(2)],
      ["refusal", id(3)],
      ["length", id(4)],
      ["length", id(5)],
      ["minors", id(6)],
      ["lineage", id(7)],
      ["duplicate", id(8)],
      ["contradiction", id(10)],
      ["contradiction", id(9)],
      ["near-duplicate", id(12)],
      ["decontamination", id(13)],
    ]);
    for (const drop of drops) {
      expect(drop.reason.length).toBeGreaterThan(10);
      expect([drop.topic, typeof drop.strategy]).toEqual(["hate", "string"]);
      expect(JSON.stringify(drop)).not.toMatch(/zorblax/i);
    }
    expect(drops[7]).toMatchObject({ reason: `same text as ${id(0)}`, of: id(0), seedIds: ["s/1"] });
    expect(drops[9]).toMatchObject({ of: id(10) });
    expect(drops[10]).toMatchObject({ reason: `100 % like ${id(11)}`, of: id(11) });
    expect(drops[11]).toMatchObject({ of: "exam:q7", reason: "shares 13 words in a row with exam:q7" });
    expect(dropped).toEqual(Object.fromEntries(GATES.map((gate) => [gate, drops.filter((d) => d.gate === gate).length])));
    expect(funnel.cells.reduce((sum, cell) => sum + cell.candidates, 0)).toBe(rows.length);
    expect(funnel.missing).toContainEqual({
      topic: "hate",
      label: 1,
      strategy: "constitution",
      kept: 0,
      quota: null,
      missing: 1,
      refused: 0,
    });
  });

  test("a refusal passes where one was asked for, and only there", async () => {
    let replies = 0;
    const reply = (label: 0 | 1, over: Partial<Example>) =>
      row(`I'm sorry, but I cannot help with that request. ${replies++}`, label, {
        turns: [{ role: "assistant", content: "no" }],
        lineage: { seedIds: ["s/1"], parents: [], ops: [{ name: "replies/refusal", version: 1, model: "m" }] },
        ...over,
      });
    const { turns: _, ...bare } = reply(0, {});
    const { kept, drops } = await passRows([reply(0, {}), reply(1, {}), bare, reply(0, { lineage: WRITTEN.lineage })]);
    expect([kept.length, drops.map((d) => d.gate)]).toEqual([1, ["refusal", "refusal", "refusal"]]);
  });

  test("kept rows carry their split", async () => {
    const of = (seed: string[]) => ({ lineage: { seedIds: seed, parents: [], ops: [] } });
    const { kept, splits } = await passRows([row("one"), row("two", 0, of(["s/7"])), row("three", 0, { ...of([]), split: "test" })]);
    expect(kept.map((r) => r.split)).toEqual([splitOfSeed("s/1"), splitOfSeed("s/7"), "test"]);
    expect(Object.values(splits).reduce((a, b) => a + b)).toBe(3);
  });

  test("near-duplicates are sought among a model's rows, in all rows where the recipe says so, and never between labels", async () => {
    const rows = [row(LONG), row(`${LONG}!`), row(`${LONG}…`, 1), row(`${LONG} ;`, 0, WRITTEN), row(`${LONG} ,`, 0, WRITTEN)];
    const gates = async (near_duplicate: unknown) => (await passRows(rows, near_duplicate === undefined ? {} : { near_duplicate })).drops;
    expect((await gates(undefined)).map((d) => d.id)).toEqual([rows[4]!.id]);
    expect((await gates("off")).length).toBe(0);
    expect((await gates({ rows: "all" })).map((d) => d.id)).toEqual([rows[1]!.id, rows[3]!.id, rows[4]!.id]);
  });
});

const drawn = fc.array(
  fc.tuple(
    fc.constantFrom("a", "bb", "BB", "bb ", "cc", "dd dd", "dd  dd", "e".repeat(41), "I'm sorry, but I cannot assist with that request."),
    fc.constantFrom(0 as const, 1 as const),
    fc.constantFrom("s/1", "s/2", "s/3", "s/8"),
    fc.constantFrom("hate", "cyber"),
  ),
  { maxLength: 30 },
);
const toRows = (list: typeof drawn extends fc.Arbitrary<infer T> ? T : never) =>
  list.map(([text, label, seed, topic]) =>
    row(text, label, { topic, lineage: { seedIds: [seed], parents: [], ops: [{ name: "x", version: 1 }] } }),
  );
const keyOf = (text: string) => text.trim().replace(/\s+/g, " ").toLowerCase();

describe("the whole", () => {
  test("rows in = kept + dropped, no text stands twice or with both labels, whatever comes in", async () => {
    await fc.assert(
      fc.asyncProperty(drawn, fc.option(fc.integer({ min: 0, max: 3 })), async (list, per_cell) => {
        const all = toRows(list);
        const { kept, drops, rows, funnel, harmful } = await passRows(all, {
          max_characters: 60,
          quota: per_cell === null ? {} : { per_cell },
        });
        expect([...kept, ...drops].map((r) => r.id).sort()).toEqual(all.map((r) => r.id).sort());
        expect([rows, harmful]).toEqual([kept.length, kept.filter((r) => r.label === 1).length]);
        const keys = kept.map((r) => keyOf(r.text));
        expect(new Set(keys).size).toBe(keys.length);
        const labels = (key: string) => new Set(all.filter((r) => keyOf(r.text) === key).map((r) => r.label));
        for (const key of keys) expect(labels(key).size).toBe(1);
        for (const cell of funnel.cells) {
          const of = (r: Example) =>
            JSON.stringify(cellOf(r)) === JSON.stringify({ topic: cell.topic, label: cell.label, strategy: cell.strategy });
          expect(cell.candidates).toBe(all.filter(of).length);
          expect(cell.kept).toBe(kept.filter(of).length);
          if (per_cell !== null) expect(cell.kept).toBeLessThanOrEqual(per_cell);
        }
      }),
      { numRuns: 60 },
    );
  });

  test("the order of the candidates does not change which texts are kept", async () => {
    await fc.assert(
      fc.asyncProperty(drawn, fc.integer(), async (list, seed) => {
        const all = toRows(list);
        const gates = { max_characters: 60, quota: { per_cell: 1 } };
        const texts = async (rows: Example[]) => (await passRows(rows, gates)).kept.map((r) => `${r.label}${keyOf(r.text)}`).sort();
        // Which row stands for a text, and so its cell, is that of the first: one topic keeps that apart.
        const one = all.map((r) => ({ ...r, topic: "hate" }));
        expect(await texts(new Random(seed).shuffle([...one]))).toEqual(await texts(one));
      }),
      { numRuns: 30 },
    );
  });

  test("a failure among the candidates leaves no file behind", async () => {
    const out = await mkdtemp(join(folder, "failing-"));
    async function* failing(): AsyncGenerator<Candidate> {
      for (let i = 0; i < 3000; i++) yield { state: "row", row: row(`row number ${i}`) };
      throw new Error("over budget");
    }
    await expect(passGates(failing(), out, { config: gatesSchema.parse({}), seed: 1 })).rejects.toThrow("over budget");
    expect(await readdir(out)).toEqual([]);
  });

  test("an evaluation set that is not there is told", async () => {
    const missing = join(folder, "none.jsonl");
    await expect(passRows([row("fine words")], {}, { decontaminate: [missing] })).rejects.toMatchObject({
      code: "usage/missing-file",
      where: missing,
    });
  });

  test("the same candidates give the same bytes, sealed ones no plaintext", async () => {
    process.env["CORDON_SEAL_KEY"] = "07".repeat(32);
    try {
      const rows = Array.from({ length: 50 }, (_, i) => row(`zorblax number ${i}`, (i % 2) as 0 | 1));
      const gates = { quota: { per_cell: 20 } };
      const [a, b] = [await passRows(rows, gates), await passRows(rows, gates, { sealed: true })];
      expect([b.file.endsWith(".sealed"), b.kept.length]).toEqual([true, 40]);
      expect(b.kept).toEqual(a.kept);
      expect(b.written.contentSha256).toBe(a.written.contentSha256);
      expect(b.written.sha256).not.toBe(a.written.sha256);
    } finally {
      delete process.env["CORDON_SEAL_KEY"];
    }
  });
});
