// The one table of metrics: what each needs, which way is better, and how it behaves, which the shared tests hold it to.
import { brierLoss, expectedCalibrationError } from "./calibration.ts";
import { count, type Counts, type Ranking } from "./ranking.ts";
import { auroc, averagePrecision, precisionAtRecall, recallAtFpr } from "./ranking-metrics.ts";
import { confusion, ratio } from "./threshold.ts";

export const FPR_POINTS = [0.01, 0.001] as const;
export const RECALL_POINTS = [0.98, 0.95, 0.9] as const;

/** What a metric is computed from: the ranking, weights in its order, and the counts which those weights give. */
export interface Resample {
  ranking: Ranking;
  weights: Float64Array;
  counts: Counts;
  /** Threshold at or above which a row is flagged. */
  threshold: number;
}

export interface Metric {
  better: "higher" | "lower" | "neither";
  /** Depends on the order of scores only: unchanged by any strictly rising transform (thresholds moved along). */
  ranksOnly: boolean;
  /** Undefined (null) where a class is missing. */
  needsBothClasses: boolean;
  compute: (resample: Resample) => number | null;
}

const ranked = (compute: (counts: Counts) => number | null): Metric => ({
  better: "higher",
  ranksOnly: true,
  needsBothClasses: true,
  compute: ({ counts }) => compute(counts),
});

const atThreshold = (better: Metric["better"], of: (c: ReturnType<typeof confusion>) => number | null): Metric => ({
  better,
  ranksOnly: true,
  needsBothClasses: false,
  compute: ({ ranking, threshold, weights }) => of(confusion(ranking, threshold, weights)),
});

/** Keyed by the path of the metric in the evaluation's JSON. */
export const METRICS: Record<string, Metric> = {
  auroc: ranked(auroc),
  average_precision: ranked(averagePrecision),
  ...Object.fromEntries(FPR_POINTS.map((fpr) => [`recall_at_fpr.${fpr}`, ranked((counts) => recallAtFpr(counts, fpr))])),
  ...Object.fromEntries(
    RECALL_POINTS.map((recall) => [`precision_at_recall.${recall}`, ranked((counts) => precisionAtRecall(counts, recall))]),
  ),
  brier: { better: "lower", ranksOnly: false, needsBothClasses: false, compute: ({ ranking, weights }) => brierLoss(ranking, weights) },
  ece: {
    better: "lower",
    ranksOnly: false,
    needsBothClasses: false,
    compute: ({ ranking, weights }) => expectedCalibrationError(ranking, undefined, weights),
  },
  flagged: atThreshold("neither", ({ tp, fp, fn, tn }) => ratio(tp + fp, tp + fp + fn + tn)),
  recall: atThreshold("higher", ({ tp, fn }) => ratio(tp, tp + fn)),
  fpr: atThreshold("lower", ({ fp, tn }) => ratio(fp, fp + tn)),
  precision: atThreshold("higher", ({ tp, fp }) => ratio(tp, tp + fp)),
};

/** Every metric of a ranking, at a threshold (score units). Undefined ones are null, never NaN. */
export function computeMetrics(ranking: Ranking, threshold: number): Record<string, number | null> {
  const resample = { ranking, weights: ranking.weights, counts: count(ranking), threshold };
  return Object.fromEntries(Object.entries(METRICS).map(([name, metric]) => [name, metric.compute(resample)]));
}
