// Recommends a threshold by a rule given beforehand, so that nobody picks it after seeing what it does, with a
// percentile bootstrap interval over documents.
import { drawResample, quantile, type Interval } from "#eval/metrics/bootstrap";
import { nextUp } from "#eval/metrics/threshold";
import { Random } from "#models/random";
import { type Ledger, type Mass, massOf, type Unit } from "./ledger.ts";

/**
 * - max-harmless-loss: the lowest threshold which removes at most `limit` of what is labelled harmless;
 * - target-recall: the highest threshold which removes at least `limit` of what is labelled harmful;
 * - max-removed: the lowest threshold which removes at most `limit` of everything.
 */
export interface Rule {
  kind: "max-harmless-loss" | "target-recall" | "max-removed";
  /** Share, 0 to 1. */
  limit: number;
  unit: Unit;
}

export interface Recommendation {
  /** Documents scoring at or above it are removed. */
  threshold: number;
  /** 95 % bootstrap interval of the threshold; null without resamples. */
  interval: Interval | null;
  /** Intervals of what it does, at the recommended threshold itself: shares by name. */
  intervals: Record<string, Interval>;
}

/** Says a rule in words. */
export function describeRule({ kind, limit, unit }: Rule): string {
  const share = `${Number((limit * 100).toPrecision(6))} %`;
  if (kind === "max-harmless-loss") return `the lowest threshold which removes at most ${share} of the harmless ${unit}`;
  if (kind === "target-recall") return `the highest threshold which removes at least ${share} of the harmful ${unit}`;
  return `the lowest threshold which removes at most ${share} of all ${unit}`;
}

/** The threshold of a rule, or null where the labels that it needs are missing. Each row counts `weights[i]` times. */
export function applyRule(rows: Ledger, rule: Rule, weights?: Float64Array): number | null {
  const { labels, chars, scores, ends } = rows;
  const counts = (label: number) => (rule.kind === "max-removed" ? true : label === (rule.kind === "target-recall" ? 1 : 0));
  const total = massOf(rows, rule.unit, rows.n, weights);
  const whole = rule.kind === "max-removed" ? total.all : rule.kind === "target-recall" ? total.harmful : total.harmless;
  if (whole === 0) return null;
  let removed = 0;
  let i = 0;
  // Nothing is removed above the highest score.
  let threshold = nextUp(scores[0]!);
  for (const end of ends) {
    for (; i < end; i++) if (counts(labels[i]!)) removed += (rule.unit === "documents" ? 1 : chars[i]!) * (weights ? weights[i]! : 1);
    if (rule.kind === "target-recall") {
      if (removed / whole >= rule.limit) return scores[end - 1]!;
    } else if (removed / whole > rule.limit) return threshold;
    threshold = scores[end - 1]!;
  }
  return threshold;
}

/** Applies a rule and resamples it. Null where the labels that the rule needs are missing. */
export function recommend(rows: Ledger, rule: Rule, options: { resamples: number; seed: number }): Recommendation | null {
  const threshold = applyRule(rows, rule);
  if (threshold === null) return null;
  const removedRows = rows.scores.findIndex((s) => s < threshold);
  const end = removedRows < 0 ? rows.n : removedRows;
  const strata = [-1, 0, 1].map((label) => Uint32Array.from([...rows.labels.keys()].filter((i) => rows.labels[i] === label)));
  const random = new Random(options.seed, "recommend");
  const weights = new Float64Array(rows.n);
  const thresholds: number[] = [];
  const shares: Record<string, number[]> = {};
  for (let r = 0; r < options.resamples; r++) {
    drawResample(strata, weights, random);
    const resampled = applyRule(rows, rule, weights);
    if (resampled !== null) thresholds.push(resampled);
    for (const unit of ["documents", "characters"] as const) {
      const removed = massOf(rows, unit, end, weights);
      for (const [name, share] of Object.entries(sharesOf(removed, massOf(rows, unit, rows.n, weights)))) {
        if (share !== null) (shares[`${name}.${unit}`] ??= []).push(share);
      }
    }
  }
  const interval = (values: number[]): Interval => {
    values.sort((a, b) => a - b);
    return [quantile(values, 0.025), quantile(values, 0.975)];
  };
  return {
    threshold,
    interval: thresholds.length > 0 ? interval(thresholds) : null,
    intervals: Object.fromEntries(Object.entries(shares).map(([name, values]) => [name, interval(values)])),
  };
}

/** What removing does: shares of a whole, null where its part of the labels is missing. */
export function sharesOf(removed: Mass, whole: Mass) {
  const share = (a: number, b: number) => (b === 0 ? null : a / b);
  return {
    removed: share(removed.all, whole.all),
    recall: share(removed.harmful, whole.harmful),
    precision: share(removed.harmful, removed.harmful + removed.harmless),
    harmless_loss: share(removed.harmless, whole.harmless),
  };
}
