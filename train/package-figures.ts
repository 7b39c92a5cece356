// The figures of a package, from the scores of its rows: calibration, thresholds, operating points, held-out metrics.
import type { Split } from "#datasets/example";
import { auroc, averagePrecision } from "#eval/metrics/ranking-metrics";
import { brierLoss, expectedCalibrationError } from "#eval/metrics/calibration";
import { count, rank } from "#eval/metrics/ranking";
import type { Manifest } from "#models/manifest";
import { type PlattScaling, fitPlatt } from "./calibration.ts";
import { type ModelLabels, type Row, stateOf } from "./label-states.ts";
import { type ThresholdRule, chooseThreshold, operatingPoints } from "./operating-points.ts";

/** Of the categories, which name what was detected. */
const CATEGORY_RULE: ThresholdRule = { kind: "fpr", value: 0.01 };

/** Scores and states of the rows of which a label's state is known. */
export interface KnownRows {
  /** (n) probabilities. */
  scores: number[];
  /** (n) 0 or 1. */
  labels: number[];
}

/**
 * The rows of a split whose label is known.
 * @param scored (rows) of (labels) probabilities; those of other splits are not read
 */
export function knownRows(
  rows: readonly Row[],
  scored: readonly ArrayLike<number>[],
  label: string,
  index: number,
  split: Split,
): KnownRows {
  const scores: number[] = [];
  const labels: number[] = [];
  rows.forEach((row, i) => {
    const state = row.split === split ? stateOf(row.example, label) : -1;
    if (state < 0) return;
    scores.push(scored[i]![index]!);
    labels.push(state);
  });
  return { scores, labels };
}

/**
 * Platt scaling of a label over the log odds of its calibration scores.
 * @returns null in `platt` where there are too few rows, or the label follows a rule
 */
export function calibrateLabel(
  { scores, labels }: KnownRows,
  ruled: boolean,
): { platt: PlattScaling | null; report: Manifest["calibration"][string] } {
  const logits = scores.map((score) => {
    const p = Math.min(1 - 1e-15, Math.max(1e-15, score));
    return Math.log(p / (1 - p));
  });
  const platt = ruled ? null : fitPlatt(logits, labels);
  return {
    platt,
    report: {
      method: platt === null ? "none" : "platt",
      slope: platt?.slope ?? 1,
      intercept: platt?.intercept ?? 0,
      rows: labels.length,
      positives: labels.reduce((sum, y) => sum + y, 0),
    },
  };
}

/**
 * Thresholds and operating points on the calibration split, metrics on the held-out one.
 * @param scored (rows) of (labels) calibrated probabilities; none of training rows
 * @param rule of `harmful`
 */
export function packageFigures(
  rows: readonly Row[],
  scored: readonly ArrayLike<number>[],
  { labels, rules }: Pick<ModelLabels, "labels" | "rules">,
  rule: ThresholdRule,
): Pick<Manifest, "thresholds" | "operatingPoints" | "heldOut"> {
  const points: Manifest["operatingPoints"] = {};
  const thresholds: Manifest["thresholds"] = {};
  const heldOut: Manifest["heldOut"] = {};
  for (const [index, label] of labels.entries()) {
    const held = knownRows(rows, scored, label, index, "calibration");
    points[label] = operatingPoints(held.scores, held.labels);
    thresholds[label] = chooseThreshold(index === 0 ? rule : CATEGORY_RULE, held.scores, held.labels);
    heldOut[label] = metrics(knownRows(rows, scored, label, index, "test"));
  }
  // A label that follows from another is detected where that one is.
  for (const [label, { of }] of Object.entries(rules)) thresholds[label] = { threshold: thresholds[of]!.threshold, rule: `that of ${of}` };
  return { thresholds, operatingPoints: points, heldOut };
}

function metrics({ scores, labels }: KnownRows): Record<string, number | null> {
  if (scores.length === 0) return { rows: 0 };
  const ranked = rank(scores, labels);
  const counts = count(ranked);
  const round = (x: number | null) => (x === null ? null : Math.round(x * 1e6) / 1e6);
  return {
    rows: scores.length,
    positives: labels.reduce((sum, y) => sum + y, 0),
    auroc: round(auroc(counts)),
    average_precision: round(averagePrecision(counts)),
    brier: round(brierLoss(ranked)),
    ece: round(expectedCalibrationError(ranked)),
  };
}
