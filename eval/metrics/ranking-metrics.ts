// Metrics of the order of scores, after scikit-learn's definitions (roc_auc_score, average_precision_score, and the best
// point of roc_curve / precision_recall_curve). Higher is better. Where a class is missing they are undefined: null.
import type { Counts } from "./ranking.ts";

/** Probability that a positive scores above a negative, ties counting one half (midranks). */
export function auroc({ tp, fp, positives, negatives }: Counts): number | null {
  if (positives === 0 || negatives === 0) return null;
  let area = 0;
  let lastTp = 0;
  let lastFp = 0;
  for (let g = 0; g < tp.length; g++) {
    area += (fp[g]! - lastFp) * (lastTp + tp[g]!);
    lastTp = tp[g]!;
    lastFp = fp[g]!;
  }
  return area / (2 * positives * negatives);
}

/** Σ (recall_g − recall_{g−1}) · precision_g over thresholds, without interpolation. */
export function averagePrecision({ tp, fp, positives, negatives }: Counts): number | null {
  if (positives === 0 || negatives === 0) return null;
  let sum = 0;
  let last = 0;
  for (let g = 0; g < tp.length; g++) {
    const gained = tp[g]! - last;
    if (gained > 0) sum += (gained * tp[g]!) / (tp[g]! + fp[g]!);
    last = tp[g]!;
  }
  return sum / positives;
}

/** The highest recall of a threshold whose false positive rate is at most `fpr`, without interpolation. */
export function recallAtFpr({ tp, fp, positives, negatives }: Counts, fpr: number): number | null {
  if (positives === 0 || negatives === 0) return null;
  // fp rises with g, so the last threshold within the limit has the highest recall.
  let low = 0;
  let high = fp.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (fp[middle]! / negatives <= fpr) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? 0 : tp[low - 1]! / positives;
}

/** The highest precision of a threshold whose recall is at least `recall`. */
export function precisionAtRecall({ tp, fp, positives, negatives }: Counts, recall: number): number | null {
  if (positives === 0 || negatives === 0) return null;
  let best = 0;
  for (let g = tp.length - 1; g >= 0 && tp[g]! / positives >= recall; g--) {
    const flagged = tp[g]! + fp[g]!;
    if (flagged > 0) best = Math.max(best, tp[g]! / flagged);
  }
  return best;
}
