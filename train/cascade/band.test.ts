import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { averagePrecision } from "#eval/metrics/ranking-metrics";
import { count, rank } from "#eval/metrics/ranking";
import { isUnsure } from "#models/cascade/cascade-model";
import { Random } from "#models/random";
import { chooseBand, type StageScores, WHOLE_BAND } from "./band.ts";

/** Coarse scores, so that there are ties. */
const probability = fc.integer({ min: 0, max: 20 }).map((n) => n / 20);
const row = fc.record({ first: probability, both: probability, label: fc.constantFrom(0, 1) });
const scores = fc.array(row, { minLength: 2, maxLength: 60 }).filter((rows) => rows.some((r) => r.label) && rows.some((r) => !r.label));
const columns = (rows: { first: number; both: number; label: number }[]): StageScores => ({
  first: rows.map((r) => r.first),
  alone: rows.map((r) => r.first),
  both: rows.map((r) => r.both),
  labels: rows.map((r) => r.label),
});
const precisionOf = ({ first, alone, both, labels }: StageScores, band: { low: number; high: number }) =>
  averagePrecision(
    count(
      rank(
        Array.from(first, (p, i) => (isUnsure(band, p) ? both[i]! : alone[i]!)),
        labels,
      ),
    ),
  )!;

describe("the band", () => {
  test("holds at most the share of the texts, and its average precision is that of eval/metrics", () => {
    fc.assert(
      fc.property(
        scores,
        fc.array(probability, { minLength: 1, maxLength: 80 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (rows, texts, share) => {
          const stages = columns(rows);
          const band = chooseBand(stages, texts, share);
          const held = texts.filter((p) => isUnsure(band, p)).length / texts.length;
          expect(held).toBeCloseTo(band.measured, 12);
          expect(held).toBeLessThanOrEqual(share + 1e-9);
          expect(band.averagePrecision).toBeCloseTo(precisionOf(stages, band), 12);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("is never worse than the first stage alone, and is empty where the second helps nowhere", () => {
    fc.assert(
      fc.property(scores, (rows) => {
        const stages = columns(rows);
        expect(chooseBand(stages, stages.first, 0.3).averagePrecision).toBeGreaterThanOrEqual(
          precisionOf(stages, { low: 0, high: 0 }) - 1e-12,
        );
      }),
    );
    const perfect = columns(Array.from({ length: 40 }, (_, i) => ({ first: i / 40, both: 0.5, label: i < 20 ? 0 : 1 })));
    expect(chooseBand(perfect, perfect.first, 0.5)).toMatchObject({ low: 0, high: 0, measured: 0, averagePrecision: 1 });
  });

  test("of all texts is the whole range, one included", () => {
    const stages = columns([
      { first: 1, both: 0.2, label: 0 },
      { first: 0, both: 0.9, label: 1 },
    ]);
    expect(chooseBand(stages, stages.first, 1)).toMatchObject({ ...WHOLE_BAND, measured: 1, averagePrecision: 1 });
  });

  test("lies where the first stage errs and the second does not", () => {
    const random = new Random(3, "band.test");
    const rows = Array.from({ length: 4000 }, () => {
      const first = random.next();
      // Right below 0.6 and over 0.8, noise between, where the second stage knows.
      const label = first < 0.6 ? 0 : first >= 0.8 ? 1 : random.below(2);
      return { first, both: label ? 0.9 + first / 100 : 0.01 + first / 100, label };
    });
    const stages = columns(rows);
    const band = chooseBand(stages, stages.first, 0.2);
    expect(band.low).toBeCloseTo(0.6, 1);
    expect(band.high).toBeCloseTo(0.8, 1);
    expect(band.averagePrecision).toBeGreaterThan(0.99);
    // Half the budget: a part of the same range.
    const half = chooseBand(stages, stages.first, 0.1);
    expect(half.low).toBeGreaterThan(0.55);
    expect(half.high).toBeLessThan(0.85);
  });

  test("is counted on the traffic, whose scores may lie elsewhere than the calibration rows'", () => {
    const stages = columns(Array.from({ length: 200 }, (_, i) => ({ first: i / 200, both: i % 2, label: i % 2 })));
    const traffic = Array.from({ length: 1000 }, (_, i) => i / 2000);
    const band = chooseBand(stages, traffic, 0.02);
    // The upper half is free: no ordinary text has such scores.
    expect(band.high).toBe(WHOLE_BAND.high);
    expect(band.low).toBeCloseTo(0.49, 1);
    expect(band.measured).toBeLessThanOrEqual(0.02);
  });
});
