import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Cell } from "#datasets/candidate";
import { Random } from "#models/random";
import { applyContrastive } from "./contrastive.ts";
import { FunnelCounter } from "./funnel.ts";
import { HashTable } from "./hash-table.ts";
import { hash64 } from "./hash64.ts";
import { IdList } from "./id-list.ts";
import { applyQuota, quotaOf } from "./quota.ts";
import { RowTable } from "./row-table.ts";

const CELLS: Cell[] = [
  { topic: "hate", label: 1, strategy: "act" },
  { topic: "hate", label: 0, strategy: "act" },
  { topic: "cyber", label: 1, strategy: "post" },
];

interface Fact {
  name: string;
  cell: number;
  surprising: boolean;
  pair?: string;
}
const facts = fc.uniqueArray(fc.record({ name: fc.string({ minLength: 1 }), cell: fc.constantFrom(0, 1, 2), surprising: fc.boolean() }), {
  selector: (fact) => fact.name,
  maxLength: 60,
});

function tableOf(list: readonly Fact[]): RowTable {
  const table = new RowTable();
  for (const { name, cell, surprising, pair } of list) {
    const text = hash64(name);
    const order = pair === undefined ? text : { hi: hash64(pair).hi, lo: text.lo };
    const row = table.add({ id: name, cell, label: CELLS[cell]!.label, split: "train", order, written: false });
    if (surprising) table.setSurprising(row);
  }
  return table;
}
const running = (table: RowTable) => Array.from({ length: table.length }, (_, row) => row).filter((row) => table.running(row));
const names = (table: RowTable) =>
  running(table)
    .map((row) => table.id(row))
    .sort();

describe("quota", () => {
  test("holds every cell to its bound, fills what it can, and does not hang on the order", () => {
    fc.assert(
      fc.property(facts, fc.integer({ min: 0, max: 12 }), fc.integer(), (list, per_cell, seed) => {
        const [table, shuffled] = [tableOf(list), tableOf(new Random(seed).shuffle([...list]))];
        for (const each of [table, shuffled]) applyQuota(each, CELLS, { per_cell, cells: [] });
        expect(names(shuffled)).toEqual(names(table));
        for (const cell of [0, 1, 2]) {
          const kept = running(table).filter((row) => table.cell(row) === cell).length;
          expect(kept).toBe(Math.min(per_cell, list.filter((fact) => fact.cell === cell).length));
        }
      }),
    );
  });

  test("keeps or drops the sides of a pair together", () => {
    const list = Array.from({ length: 80 }, (_, i) => ({ name: `t${i}`, cell: i % 2, surprising: false, pair: `p${i >> 1}` }));
    const table = tableOf(list);
    applyQuota(table, CELLS, { per_cell: 15, cells: [] });
    const kept = running(table);
    expect(kept.length).toBe(30);
    expect(kept.filter((row) => row % 2 === 0).every((row) => kept.includes(row + 1))).toBe(true);
  });

  test("the first exception that fits counts", () => {
    const quota = {
      per_cell: 9,
      cells: [
        { topic: "hate", label: 0 as const, rows: 3 },
        { topic: "hate", rows: 5 },
      ],
    };
    expect(CELLS.map((cell) => quotaOf(cell, quota))).toEqual([5, 3, 9]);
    expect(quotaOf(CELLS[2]!, { cells: [] })).toBeNull();
  });
});

describe("contrastive", () => {
  test("keeps a share of what the classifier knows, and of what surprises it at most a share of the label's rows", () => {
    fc.assert(
      fc.property(
        facts,
        fc.constantFrom(0, 0.25, 0.5, 1),
        fc.constantFrom(0, 0.3, 0.5, 1),
        fc.integer(),
        (list, keep_agreeing, max_share, seed) => {
          const [table, shuffled] = [tableOf(list), tableOf(new Random(seed).shuffle([...list]))];
          for (const each of [table, shuffled]) applyContrastive(each, { model: "", keep_agreeing, max_share });
          expect(names(shuffled)).toEqual(names(table));
          for (const label of [0, 1]) {
            const all = list.filter((fact) => CELLS[fact.cell]!.label === label);
            const kept = running(table).filter((row) => table.label(row) === label);
            const surprising = kept.filter((row) => table.surprising(row)).length;
            expect(kept.length - surprising).toBe(Math.ceil(all.filter((fact) => !fact.surprising).length * keep_agreeing));
            expect(surprising).toBeLessThanOrEqual(kept.length * max_share + 1e-9);
            const hidden = all.filter((fact) => fact.surprising).length - surprising;
            if (hidden > 0) expect(surprising + 1).toBeGreaterThan((kept.length + 1) * max_share - 1e-9);
          }
        },
      ),
    );
  });
});

test("the funnel tells the cells that are not full: to their quota, or what was not written", () => {
  const counter = new FunnelCounter();
  const [hate, , cyber] = CELLS.map((cell) => counter.number(cell)) as [number, number, number];
  for (let i = 0; i < 10; i++) counter.candidate(hate);
  for (let i = 0; i < 4; i++) counter.drop(hate, "refusal");
  counter.drop(hate, "duplicate");
  counter.candidate(cyber);
  expect(counter.funnel({ cells: [] }).missing).toEqual(
    [
      { ...CELLS[1], kept: 0, quota: null, missing: 0, refused: 0 },
      { ...CELLS[0], kept: 5, quota: null, missing: 4, refused: 0.4 },
    ].sort((a, b) => b.label! - a.label!),
  );
  const quota = {
    per_cell: 6,
    cells: [
      { topic: "cyber", rows: 1 },
      { topic: "nuclear", label: 1 as const, strategy: "act", rows: 7 },
    ],
  };
  expect(counter.funnel(quota).missing).toEqual([
    { ...CELLS[0], kept: 5, quota: 6, missing: 1, refused: 0.4 },
    { ...CELLS[1], kept: 0, quota: 6, missing: 6, refused: 0 },
    { topic: "nuclear", label: 1, strategy: "act", kept: 0, quota: 7, missing: 7, refused: 0 },
  ]);
});

test("typed tables hold what maps hold", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme" }), { maxLength: 200 }), (texts) => {
      const [table, map, ids] = [new HashTable(), new Map<string, number>(), new IdList()];
      for (const [i, text] of texts.entries()) {
        if (!map.has(text)) map.set(text, i);
        expect(table.add(hash64(text), i)).toBe(map.get(text));
        expect(ids.add(text)).toBe(i);
      }
      expect(table.size).toBe(map.size);
      expect(table.get(hash64("not there, to be sure"))).toBe(-1);
      expect(texts.map((_, i) => ids.get(i))).toEqual(texts.map((text) => text.toWellFormed()));
    }),
  );
  const [many, ids] = [new HashTable(), new IdList()];
  for (let i = 0; i < 50_000; i++) expect([many.add(hash64(`text ${i}`), i), ids.add(`id-${i}`)]).toEqual([i, i]);
  for (let i = 0; i < 50_000; i++) expect([many.get(hash64(`text ${i}`)), ids.get(i)]).toEqual([i, `id-${i}`]);
  expect(many.bytes / many.size).toBeLessThan(36);
});
