import fc from "fast-check";
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bootstrap } from "./bootstrap.ts";
import { calibrationBins } from "./calibration.ts";
import { curve } from "./curves.ts";
import { computeMetrics, METRICS } from "./metrics.ts";
import { count, rank } from "./ranking.ts";
import { auroc } from "./ranking-metrics.ts";
import { nextUp, thresholdFlagging } from "./threshold.ts";

interface FixtureCase {
  name: string;
  scores: number[];
  labels: number[];
  weights?: number[];
  expected: Record<string, number>;
}
const fixture = JSON.parse(readFileSync(new URL("../fixtures/metrics.json", import.meta.url), "utf8")) as { cases: FixtureCase[] };

describe("parity with scikit-learn", () => {
  for (const { name, scores, labels, weights, expected } of fixture.cases) {
    test(name, () => {
      const got = computeMetrics(rank(scores, labels, weights), 0.5);
      for (const [metric, value] of Object.entries(expected)) expect(Math.abs(got[metric]! - value), metric).toBeLessThanOrEqual(1e-9);
    });
  }
});

// Scores on a coarse grid, so that ties are common; both classes present.
const rows = fc
  .array(
    fc.record({
      score: fc.integer({ min: 0, max: 12 }).map((k) => k / 12),
      label: fc.constantFrom(0, 1),
      weight: fc.integer({ min: 0, max: 3 }),
    }),
    {
      minLength: 2,
      maxLength: 40,
    },
  )
  .filter((r) => r.some((x) => x.label === 1) && r.some((x) => x.label === 0));
type Row = { score: number; label: number; weight: number };
const scoresOf = (r: Row[]) => r.map((x) => x.score);
const labelsOf = (r: Row[]) => r.map((x) => x.label);
const close = (a: number | null, b: number | null, name: string) => {
  if (a === null || b === null) expect(a, name).toBe(b);
  else expect(Math.abs(a - b), name).toBeLessThanOrEqual(1e-9);
};

describe("every metric", () => {
  const names = Object.keys(METRICS);

  test.for(names)("%s: in [0, 1] or null, never NaN", (name) => {
    fc.assert(
      fc.property(rows, (r) => {
        const value = computeMetrics(rank(scoresOf(r), labelsOf(r)), 0.5)[name]!;
        if (value !== null) expect(value >= 0 && value <= 1).toBe(true);
      }),
    );
  });

  test.for(names)("%s: the order of rows does not matter", (name) => {
    fc.assert(
      fc.property(rows, fc.integer(), (r, seed) => {
        const other = fc.sample(fc.shuffledSubarray(r, { minLength: r.length }), { numRuns: 1, seed })[0]!;
        close(
          computeMetrics(rank(scoresOf(r), labelsOf(r)), 0.5)[name]!,
          computeMetrics(rank(scoresOf(other), labelsOf(other)), 0.5)[name]!,
          name,
        );
      }),
    );
  });

  test.for(names)("%s: a weight is a repetition", (name) => {
    fc.assert(
      fc.property(rows, (r) => {
        const repeated = r.flatMap((x) => Array.from({ length: x.weight }, () => x));
        const weighted = rank(
          scoresOf(r),
          labelsOf(r),
          r.map((x) => x.weight),
        );
        close(computeMetrics(weighted, 0.5)[name]!, computeMetrics(rank(scoresOf(repeated), labelsOf(repeated)), 0.5)[name]!, name);
      }),
    );
  });

  test.for(names.filter((name) => METRICS[name]!.ranksOnly))("%s: unchanged by a rising transform", (name) => {
    fc.assert(
      fc.property(rows, (r) => {
        const transform = (x: number) => Math.exp(3 * x) - 5;
        const moved = computeMetrics(rank(scoresOf(r).map(transform), labelsOf(r)), transform(0.5))[name]!;
        close(computeMetrics(rank(scoresOf(r), labelsOf(r)), 0.5)[name]!, moved, name);
      }),
    );
  });

  test.for(names.filter((name) => !METRICS[name]!.ranksOnly))("%s: unchanged when labels and probabilities are both flipped", (name) => {
    fc.assert(
      fc.property(rows, (r) => {
        // Bins are cut from the middle of each run, which the flip mirrors; where a middle falls on a boundary they differ.
        fc.pre(name !== "ece" || new Set(scoresOf(r)).size === 1);
        const flipped = computeMetrics(
          rank(
            scoresOf(r).map((s) => 1 - s),
            labelsOf(r).map((l) => 1 - l),
          ),
          0.5,
        )[name]!;
        close(computeMetrics(rank(scoresOf(r), labelsOf(r)), 0.5)[name]!, flipped, name);
      }),
      { maxSkipsPerRun: 10_000, numRuns: 20 },
    );
  });

  test.for(names)("%s: one class gives null or a number, as the table says", (name) => {
    for (const label of [0, 1]) {
      const value = computeMetrics(rank([0.2, 0.7, 0.7], [label, label, label]), 0.5)[name]!;
      if (METRICS[name]!.needsBothClasses) expect(value).toBeNull();
      else expect(value === null || Number.isFinite(value)).toBe(true);
    }
    expect(computeMetrics(rank([], []), 0.5)[name]).toBeNull();
  });

  test.for(names.filter((name) => METRICS[name]!.needsBothClasses))("%s: 1 where the order is perfect", (name) => {
    expect(computeMetrics(rank([0.9, 0.8, 0.2, 0.1], [1, 1, 0, 0]), 0.5)[name]).toBe(1);
  });
});

test("auroc: flipped labels give 1 − auroc; equal scores give one half", () => {
  fc.assert(
    fc.property(rows, (r) => {
      const flipped = labelsOf(r).map((l) => 1 - l);
      close(auroc(count(rank(scoresOf(r), labelsOf(r)))), 1 - auroc(count(rank(scoresOf(r), flipped)))!, "auroc");
    }),
  );
  expect(auroc(count(rank([0.5, 0.5, 0.5], [1, 0, 0])))).toBe(0.5);
});

test("auroc: equals the share of ordered pairs", () => {
  fc.assert(
    fc.property(rows, (r) => {
      let won = 0;
      let pairs = 0;
      for (const p of r)
        for (const q of r)
          if (p.label === 1 && q.label === 0) {
            pairs++;
            won += p.score > q.score ? 1 : p.score === q.score ? 0.5 : 0;
          }
      close(auroc(count(rank(scoresOf(r), labelsOf(r)))), won / pairs, "auroc");
    }),
  );
});

test("rank refuses what is not a number or not a label", () => {
  expect(() => rank([Number.NaN], [1])).toThrow("finite");
  expect(() => rank([0.5], [-1])).toThrow("0 or 1");
  expect(() => rank([0.5], [1, 0])).toThrow("1 entries");
});

test("calibration bins hold every row once, are of about equal mass, and a calibrated score has a small error", () => {
  const scores = Array.from({ length: 1500 }, (_, i) => (i + 0.5) / 1500);
  // Label i is 1 with frequency score_i: a golden-ratio sequence is spread evenly over [0, 1).
  const labels = scores.map((s, i) => ((i * 0.6180339887498949) % 1 < s ? 1 : 0));
  const ranking = rank(scores, labels);
  const bins = calibrationBins(ranking);
  expect(bins.map((b) => b.mass)).toEqual(Array.from({ length: 15 }, () => 100));
  expect(bins[0]!.low).toBe(scores[0]);
  expect(computeMetrics(ranking, 0.5)["ece"]!).toBeLessThan(0.02);
  expect(
    computeMetrics(
      rank(
        scores.map((s) => s ** 4),
        labels,
      ),
      0.5,
    )["ece"]!,
  ).toBeGreaterThan(0.2);
});

test("thresholdFlagging: the lowest threshold within the share", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (scores, share) => {
      const flagged = (t: number) => scores.filter((s) => s >= t).length;
      const threshold = thresholdFlagging(scores, share);
      expect(flagged(threshold)).toBeLessThanOrEqual(share * scores.length + 1e-6);
      const lower = scores.filter((s) => s < threshold);
      if (lower.length > 0) expect(flagged(Math.max(...lower))).toBeGreaterThan(share * scores.length - 1e-6);
    }),
  );
  expect(nextUp(1)).toBe(1 + Number.EPSILON);
  expect(nextUp(-Number.MIN_VALUE)).toBe(-0);
});

test("curve: recall and false positive rate rise, ends are kept, and it is thinned", () => {
  const scores = Array.from({ length: 999 }, (_, i) => i / 999);
  const ranking = rank(
    scores,
    scores.map((_, i) => (i % 3 === 0 ? 1 : 0)),
  );
  const points = curve(ranking, count(ranking), 50);
  expect(points.length).toBeLessThanOrEqual(50);
  expect(points.at(-1)).toMatchObject({ recall: 1, fpr: 1, threshold: 0 });
  for (let i = 1; i < points.length; i++) expect(points[i]!.fpr).toBeGreaterThanOrEqual(points[i - 1]!.fpr);
});

describe("bootstrap", () => {
  const scores = Array.from({ length: 400 }, (_, i) => ((i * 0.6180339887498949) % 1) * (i % 4 === 0 ? 1 : 0.8));
  const labels = scores.map((_, i) => (i % 4 === 0 ? 1 : 0));
  const ranking = rank(scores, labels);

  test("the same seed gives the same intervals, which hold the estimate", () => {
    const intervals = bootstrap(ranking, 0.5, { seed: 3 });
    expect(bootstrap(ranking, 0.5, { seed: 3 })).toEqual(intervals);
    expect(bootstrap(ranking, 0.5, { seed: 4 })["auroc"]).not.toEqual(intervals["auroc"]);
    const value = computeMetrics(ranking, 0.5)["auroc"]!;
    expect(intervals["auroc"]![0]).toBeLessThan(value);
    expect(intervals["auroc"]![1]).toBeGreaterThan(value);
  });

  test("the width agrees with the normal approximation of a share", () => {
    const [low, high] = bootstrap(ranking, 0.5, { resamples: 2000 })["recall"]!;
    const p = computeMetrics(ranking, 0.5)["recall"]!;
    const width = 2 * 1.96 * Math.sqrt((p * (1 - p)) / 100);
    expect((high - low) / width).toBeGreaterThan(0.85);
    expect((high - low) / width).toBeLessThan(1.15);
  });

  test("an undefined metric has no interval, and no resamples give none", () => {
    expect(bootstrap(rank([0.1, 0.2], [1, 1]), 0.5)).not.toHaveProperty("auroc");
    expect(bootstrap(ranking, 0.5, { resamples: 0 })).toEqual({});
  });
});
