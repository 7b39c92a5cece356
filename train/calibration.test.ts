import { describe, expect, test } from "vitest";
import { brierLoss, expectedCalibrationError } from "#eval/metrics/calibration";
import { rank } from "#eval/metrics/ranking";
import { Random } from "#models/random";
import { MIN_CALIBRATION_ROWS, fitPlatt } from "./calibration.ts";

const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));

/** Rows whose true log odds are `slope · logit + intercept`. */
function drawn(n: number, slope: number, intercept: number, seed: number) {
  const random = new Random(seed, "platt");
  const logits = Array.from({ length: n }, () => (random.next() - 0.5) * 12);
  return { logits, labels: logits.map((x) => (random.chance(sigmoid(slope * x + intercept)) ? 1 : 0)) };
}

describe("fitPlatt", () => {
  test.each([
    [1, 0],
    [0.4, -1.5],
    [3, 2],
  ])("finds slope %f and intercept %f", (slope, intercept) => {
    const { logits, labels } = drawn(20_000, slope, intercept, 5);
    const fit = fitPlatt(logits, labels)!;
    expect(fit.slope / slope).toBeGreaterThan(0.93);
    expect(fit.slope / slope).toBeLessThan(1.07);
    expect(Math.abs(fit.intercept - intercept)).toBeLessThan(0.15);
  });

  test("on rows that it has not seen, calibrated probabilities are better than raw ones", () => {
    const { slope, intercept } = fitPlatt(drawn(500, 0.4, -1.5, 1).logits, drawn(500, 0.4, -1.5, 1).labels)!;
    const held = drawn(5000, 0.4, -1.5, 2);
    const raw = rank(held.logits.map(sigmoid), held.labels);
    const calibrated = rank(
      held.logits.map((x) => sigmoid(slope * x + intercept)),
      held.labels,
    );
    expect(brierLoss(calibrated)!).toBeLessThan(0.9 * brierLoss(raw)!);
    expect(expectedCalibrationError(calibrated)!).toBeLessThan(0.3 * expectedCalibrationError(raw)!);
  });

  test("the derivative of the loss is zero at the fit (Platt's smoothed targets)", () => {
    const { logits, labels } = drawn(300, 1.5, -1, 3);
    const { slope, intercept } = fitPlatt(logits, labels)!;
    const positives = labels.reduce<number>((a, b) => a + b, 0);
    const [high, low] = [(positives + 1) / (positives + 2), 1 / (labels.length - positives + 2)];
    let gradient = 0;
    logits.forEach((x, i) => {
      gradient += sigmoid(slope * x + intercept) - (labels[i] ? high : low);
    });
    expect(Math.abs(gradient)).toBeLessThan(1e-3);
  });

  test("classes that a line parts get finite numbers, however large the logits", () => {
    for (const scale of [1, 30, 1e4]) {
      const logits = Array.from({ length: 40 }, (_, i) => (i < 20 ? -scale : scale) * (1 + i / 100));
      const fit = fitPlatt(
        logits,
        logits.map((x) => (x > 0 ? 1 : 0)),
      )!;
      expect([Number.isFinite(fit.slope), Number.isFinite(fit.intercept), fit.slope > 0], String(scale)).toEqual([true, true, true]);
      expect(sigmoid(fit.slope * scale + fit.intercept)).toBeGreaterThan(0.9);
    }
  });

  test("too few rows of a class, or a ranking that it would turn round, give none", () => {
    const { logits, labels } = drawn(200, 1, 0, 4);
    expect(
      fitPlatt(
        logits,
        labels.map((y) => 1 - y),
      ),
    ).toBeNull();
    expect(fitPlatt([], [])).toBeNull();
    let seen = 0;
    const few = labels.map((y) => (y === 1 && ++seen < MIN_CALIBRATION_ROWS ? 1 : 0));
    expect(few.reduce<number>((a, b) => a + b, 0)).toBe(MIN_CALIBRATION_ROWS - 1);
    expect(fitPlatt(logits, few)).toBeNull();
  });
});
