// What one threshold does: a row is flagged when its score is at or above it.
import type { Ranking } from "./ranking.ts";

export interface Confusion {
  tp: number;
  fp: number;
  fn: number;
  tn: number;
}

/** Weights of the four outcomes at a threshold. */
export function confusion(ranking: Ranking, threshold: number, weights: Float64Array = ranking.weights): Confusion {
  const out = { tp: 0, fp: 0, fn: 0, tn: 0 };
  for (let i = 0; i < ranking.n; i++) {
    const flagged = ranking.scores[i]! >= threshold;
    if (ranking.labels[i] === 1) out[flagged ? "tp" : "fn"] += weights[i]!;
    else out[flagged ? "fp" : "tn"] += weights[i]!;
  }
  return out;
}

/** a / b, or null where b is 0. */
export function ratio(a: number, b: number): number | null {
  return b === 0 ? null : a / b;
}

/** The lowest threshold which flags at most `share` (0 to 1) of the scores (n >= 1, finite, any order). */
export function thresholdFlagging(scores: ArrayLike<number>, share: number): number {
  const sorted = Float64Array.from(scores).sort().reverse();
  if (sorted.length === 0) throw new Error("thresholdFlagging: needs at least one score, got 0");
  const allowed = Math.floor(share * sorted.length + 1e-9);
  return allowed >= sorted.length ? sorted.at(-1)! : nextUp(sorted[allowed]!);
}

/** The smallest double above a finite `x`. */
export function nextUp(x: number): number {
  if (x === 0) return Number.MIN_VALUE;
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, x);
  view.setBigInt64(0, view.getBigInt64(0) + (x > 0 ? 1n : -1n));
  return view.getFloat64(0);
}
