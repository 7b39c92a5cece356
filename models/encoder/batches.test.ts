import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { Random } from "#models/random";
import { arrivalBatches, type Batch, packBatches, paddedLength, padRows, shuffledBatches } from "./batches.ts";

const lengthsOf = fc.array(fc.nat(200), { maxLength: 300 });
const limitsOf = fc.record({
  budget: fc.integer({ min: 1, max: 4000 }),
  maxRows: fc.integer({ min: 1, max: 50 }),
  multiple: fc.constantFrom(1, 8, 32),
});

function hold(batches: readonly Batch[], lengths: readonly number[], limits: { budget: number; maxRows: number; multiple: number }): void {
  const rows = batches.flatMap((batch) => [...batch.rows]);
  expect(rows.toSorted((a, b) => a - b)).toEqual([...lengths.keys()]);
  for (const batch of batches) {
    expect(batch.rows.length).toBeLessThanOrEqual(limits.maxRows);
    expect(batch.length % limits.multiple).toBe(0);
    const longest = Math.max(...[...batch.rows].map((row) => lengths[row]!));
    expect(batch.length).toBe(paddedLength(longest, limits));
    if (batch.rows.length > 1) expect(batch.rows.length * batch.length).toBeLessThanOrEqual(limits.budget);
  }
}

describe.each([
  ["packBatches", packBatches],
  ["arrivalBatches", arrivalBatches],
  [
    "shuffledBatches",
    (lengths: number[], limits: { budget: number }) => shuffledBatches(lengths, { ...limits, random: new Random(1), chunkRows: 64 }),
  ],
])("%s", (_, pack) => {
  it("takes each row once, keeps the budget and pads to the longest", () => {
    fc.assert(fc.property(lengthsOf, limitsOf, (lengths, limits) => hold(pack(lengths, limits), lengths, limits)));
  });

  it("gives the same batches again", () => {
    const lengths = Array.from({ length: 500 }, (__, i) => (i * 7919) % 301);
    expect(pack(lengths, { budget: 2000 })).toEqual(pack(lengths, { budget: 2000 }));
  });
});

/** Padded tokens over tokens, at least 1: what a packing costs beyond what it must. */
function paddingFactor(batches: readonly Batch[], lengths: ArrayLike<number>): number {
  let tokens = 0;
  let padded = 0;
  for (const { rows, length } of batches) {
    padded += rows.length * length;
    for (const row of rows) tokens += lengths[row]!;
  }
  return padded / tokens;
}

describe("bucketing", () => {
  const random = new Random(2);
  const lengths = Array.from({ length: 5000 }, () => Math.ceil(512 * random.next() ** 4) + 4);

  it("wastes little where the order of arrival wastes much", () => {
    const waste = (batches: Batch[]) => paddingFactor(batches, lengths);
    expect(waste(packBatches(lengths, { budget: 8192 }))).toBeLessThan(1.1);
    expect(waste(shuffledBatches(lengths, { budget: 8192, random: new Random(3) }))).toBeLessThan(1.2);
    expect(waste(arrivalBatches(lengths, { budget: 8192 }))).toBeGreaterThan(2);
  });

  it("cuts where batches and padding together cost least: never more than the plain packing does", () => {
    const costOf = (batches: Batch[], overhead: number) =>
      batches.reduce((sum, { rows, length }) => sum + rows.length * length + overhead, 0);
    fc.assert(
      fc.property(lengthsOf, limitsOf, fc.nat(200), (list, limits, overhead) => {
        const batches = packBatches(list, { ...limits, overhead });
        hold(batches, list, limits);
        expect(costOf(batches, overhead)).toBeLessThanOrEqual(costOf(packBatches(list, limits), overhead) + overhead);
      }),
    );
  });

  it("packs the short ones first, equal ones as they come", () => {
    expect([...packBatches([5, 3, 5, 3], { budget: 1000 })[0]!.rows]).toEqual([1, 3, 0, 2]);
  });

  it("shuffles by the generator's state: epochs differ, the same seed does not", () => {
    const epochs = new Random(4);
    const first = shuffledBatches(lengths, { budget: 8192, random: epochs });
    expect(shuffledBatches(lengths, { budget: 8192, random: epochs })).not.toEqual(first);
    expect(shuffledBatches(lengths, { budget: 8192, random: new Random(4) })).toEqual(first);
  });
});

describe("padding", () => {
  it("goes up to a multiple, but not beyond what the network has positions for", () => {
    expect([0, 1, 8, 9].map((n) => paddedLength(n))).toEqual([8, 8, 8, 16]);
    expect(paddedLength(509, { maxLength: 510 })).toBe(510);
    expect(paddedLength(511, { maxLength: 510 })).toBe(511);
  });

  it("stands behind the tokens and is masked", () => {
    const { ids, mask } = padRows([Int32Array.of(5, 6), new Int32Array(0)], 3, 9);
    expect([...ids]).toEqual([5, 6, 9, 9, 9, 9]);
    expect([...mask]).toEqual([1, 1, 0, 0, 0, 0]);
    expect(() => padRows([new Int32Array(4)], 3, 0)).toThrow("a row of 4 tokens");
  });
});
