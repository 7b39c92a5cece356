// ROC and precision-recall curves, thinned for drawing: at most `points` thresholds, ends kept.
import type { Counts, Ranking } from "./ranking.ts";

export interface CurvePoint {
  threshold: number;
  /** Recall, or true positive rate. */
  recall: number;
  /** False positive rate. */
  fpr: number;
  precision: number;
}

/** One point a threshold, highest first; empty where a class is missing. */
export function curve(ranking: Ranking, counts: Counts, points = 200): CurvePoint[] {
  const { tp, fp, positives, negatives } = counts;
  if (positives === 0 || negatives === 0) return [];
  const groups = tp.length;
  const out: CurvePoint[] = [];
  let last = -1;
  for (let k = 0; k < Math.min(points, groups); k++) {
    const g = groups <= points ? k : Math.round((k * (groups - 1)) / (points - 1));
    if (g === last) continue;
    last = g;
    const flagged = tp[g]! + fp[g]!;
    if (flagged === 0) continue;
    const threshold = ranking.scores[ranking.ends[g]! - 1]!;
    out.push({ threshold, recall: tp[g]! / positives, fpr: fp[g]! / negatives, precision: tp[g]! / flagged });
  }
  return out;
}
