// What a model's scores are worth on one labelled set: every metric of the table, with intervals, and where the package's
// threshold and a reference threshold stand. Rows whose target is unknown are left out and counted.
import type { LabelState } from "#datasets/example";
import type { Escalation } from "./escalation.ts";
import type { Subgroups } from "#eval/bias/subgroups";
import { bootstrap, type BootstrapOptions, type Interval } from "./metrics/bootstrap.ts";
import { calibrationBins, type CalibrationBin } from "./metrics/calibration.ts";
import { curve, type CurvePoint } from "./metrics/curves.ts";
import { computeMetrics } from "./metrics/metrics.ts";
import { count, rank } from "./metrics/ranking.ts";
import { confusion, ratio } from "./metrics/threshold.ts";

export interface ScoredRow {
  /** Probability, 0 to 1. */
  score: number;
  /** 1 present, 0 absent, -1 unknown. */
  label: LabelState;
  /** Whether a cascade's second stage scored it; absent where there is none. */
  escalated?: boolean;
}

export interface EvaluateOptions extends BootstrapOptions {
  /** Score at or above which a row is flagged; 0.5 by default. */
  threshold?: number;
  /** Threshold which flags a set share of a benign set, to be reported beside it. */
  reference?: { name: string; share: number; threshold: number };
}

/** Recall and false positive rate at the threshold that flags a set share of a benign reference set. */
export interface ReferencePoint {
  name: string;
  share: number;
  threshold: number;
  recall: number | null;
  fpr: number | null;
}

/** Shares are 0 to 1; a metric that is undefined on the set is null, and `undefined_because` says why. */
export interface SetEvaluation {
  n: number;
  positives: number;
  /** Rows left out because their target is unknown. */
  masked: number;
  auroc: number | null;
  average_precision: number | null;
  recall_at_fpr: Record<string, number | null>;
  precision_at_recall: Record<string, number | null>;
  brier: number | null;
  ece: number | null;
  /** Share of the rows with score >= threshold; recall, false positive rate and precision are at the same threshold. */
  threshold: number;
  flagged: number | null;
  recall: number | null;
  fpr: number | null;
  precision: number | null;
  at_reference?: ReferencePoint;
  /** Share of all rows, masked ones too, that went to a cascade's second stage. */
  escalated?: number | null;
  undefined_because?: string;
  /** Keyed by the metric's path, such as `recall_at_fpr.0.01`. */
  intervals: Record<string, Interval>;
  calibration: CalibrationBin[];
  /** ROC and precision-recall, thinned; empty where a class is missing. */
  curve: CurvePoint[];
  /** Errors by the groups that the texts name, where they were asked for. */
  subgroups?: Subgroups;
}

const CURVE_POINTS = 60;

export interface Evaluation {
  model: string;
  label: string;
  aggregate: string;
  sets: Record<string, SetEvaluation>;
  /** Of a cascade, where it was asked for. */
  escalation?: Escalation;
}

/** Evaluates one set. `rows` may be empty or hold one class: what is undefined then is null. */
export function evaluateSet(rows: readonly ScoredRow[], options: EvaluateOptions = {}): SetEvaluation {
  const { threshold = 0.5, reference } = options;
  const known = rows.filter((row) => row.label !== -1);
  const ranking = rank(
    known.map((row) => row.score),
    known.map((row) => row.label),
  );
  const values = computeMetrics(ranking, threshold);
  const positives = known.filter((row) => row.label === 1).length;
  const group = (prefix: string) =>
    Object.fromEntries(
      Object.entries(values)
        .filter(([name]) => name.startsWith(`${prefix}.`))
        .map(([name, value]) => [name.slice(prefix.length + 1), value]),
    );
  const missing = because(known.length, positives);
  const { tp, fp, fn, tn } = confusion(ranking, reference?.threshold ?? threshold);
  return {
    n: known.length,
    positives,
    masked: rows.length - known.length,
    auroc: values["auroc"]!,
    average_precision: values["average_precision"]!,
    recall_at_fpr: group("recall_at_fpr"),
    precision_at_recall: group("precision_at_recall"),
    brier: values["brier"]!,
    ece: values["ece"]!,
    threshold,
    flagged: values["flagged"]!,
    recall: values["recall"]!,
    fpr: values["fpr"]!,
    precision: values["precision"]!,
    ...(reference && { at_reference: { ...reference, recall: ratio(tp, tp + fn), fpr: ratio(fp, fp + tn) } }),
    ...(rows.some((row) => row.escalated !== undefined) && { escalated: ratio(rows.filter((row) => row.escalated).length, rows.length) }),
    ...(missing && { undefined_because: missing }),
    intervals: bootstrap(ranking, threshold, options),
    calibration: calibrationBins(ranking),
    curve: curve(ranking, count(ranking), CURVE_POINTS),
  };
}

function because(n: number, positives: number): string | undefined {
  if (n === 0) return "no row has a known target";
  if (positives === 0) return "every row is negative";
  return positives === n ? "every row is positive" : undefined;
}
