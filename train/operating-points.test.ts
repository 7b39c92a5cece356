import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FALSE_POSITIVE_RATES, RECALLS, chooseThreshold, operatingPoints } from "./operating-points.ts";

const rows = fc.array(
  fc.tuple(fc.oneof(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.constantFrom(0.1, 0.5, 0.9)), fc.constantFrom(0, 1)),
  { minLength: 1, maxLength: 60 },
);
const split = (drawn: [number, number][]) => ({ scores: drawn.map(([s]) => s), labels: drawn.map(([, l]) => l) });
const share = (drawn: [number, number][], label: number, threshold: number) => {
  const of = drawn.filter(([, l]) => l === label);
  return of.filter(([s]) => s >= threshold).length / of.length;
};

describe("thresholds follow their rule on the calibration rows", () => {
  test("recall: reached, and by no higher score", () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(...RECALLS, 0.0001), (drawn, wanted) => {
        fc.pre(drawn.some(([, l]) => l === 1));
        const { threshold } = chooseThreshold({ kind: "recall", value: wanted }, split(drawn).scores, split(drawn).labels);
        expect(share(drawn, 1, threshold)).toBeGreaterThanOrEqual(wanted - 1e-9);
        const higher = drawn.map(([s]) => s).filter((s) => s > threshold);
        for (const score of higher) expect(share(drawn, 1, score)).toBeLessThan(wanted);
      }),
    );
  });

  test("false positives: at most the share, and more at any lower score", () => {
    fc.assert(
      fc.property(rows, fc.constantFrom(...FALSE_POSITIVE_RATES, 0, 0.5, 1), (drawn, wanted) => {
        fc.pre(drawn.some(([, l]) => l === 0));
        const { threshold } = chooseThreshold({ kind: "fpr", value: wanted }, split(drawn).scores, split(drawn).labels);
        expect(share(drawn, 0, threshold)).toBeLessThanOrEqual(wanted + 1e-9);
        const lower = drawn.filter(([s, l]) => l === 0 && s < threshold).map(([s]) => s);
        for (const score of lower) expect(share(drawn, 0, score)).toBeGreaterThan(wanted);
      }),
    );
  });

  test("the rule is told in words, with the rows it was applied to", () => {
    const scores = [0.1, 0.2, 0.3, 0.8, 0.9];
    const labels = [0, 0, 0, 1, 1];
    expect(chooseThreshold({ kind: "recall", value: 0.98 }, scores, labels)).toEqual({
      threshold: 0.8,
      rule: "recall 98 % of 2 calibration positives",
    });
    expect(chooseThreshold({ kind: "fpr", value: 0.001 }, scores, labels).rule).toBe("at most 0.1 % of 3 calibration negatives flagged");
    expect(chooseThreshold({ kind: "fixed", value: 0.7 }, [], [])).toEqual({ threshold: 0.7, rule: "given" });
    expect(chooseThreshold({ kind: "recall", value: 0.9 }, [0.5], [0])).toEqual({
      threshold: 0.5,
      rule: "0.5: the calibration split has no positives",
    });
    expect(chooseThreshold({ kind: "fpr", value: 0.9 }, [0.5], [1]).rule).toContain("no negatives");
  });
});

describe("operatingPoints", () => {
  test("are those rules at fixed steps, probabilities all", () => {
    fc.assert(
      fc.property(rows, (drawn) => {
        const { scores, labels } = split(drawn);
        const { recall, falsePositiveRate } = operatingPoints(scores, labels);
        expect(recall.map(([x]) => x)).toEqual(labels.includes(1) ? RECALLS : []);
        expect(falsePositiveRate.map(([x]) => x)).toEqual(labels.includes(0) ? FALSE_POSITIVE_RATES : []);
        for (const [value, threshold] of recall)
          expect(threshold).toBe(chooseThreshold({ kind: "recall", value }, scores, labels).threshold);
        for (const [value, threshold] of falsePositiveRate)
          expect(threshold).toBe(chooseThreshold({ kind: "fpr", value }, scores, labels).threshold);
        for (const [, threshold] of [...recall, ...falsePositiveRate]) expect(threshold >= 0 && threshold <= 1).toBe(true);
      }),
    );
    expect(operatingPoints([1, 1], [0, 0]).falsePositiveRate.every(([, threshold]) => threshold === 1)).toBe(true);
  });
});
