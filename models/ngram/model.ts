// The n-gram model: a linear, multi-label classifier over hashed features (features.ts). Over the features f of a
// window, for each label:
//
//   logit = slope · Σ weight[f] / √(Σ mass[f]) + intercept        mass[f] = idf[f]², weight[f] has idf folded in
//
// which is logistic regression on l2-normalised tf-idf, with the norm as one more column of the same table. Weights are
// 16-bit integers, so sums are exact: their order, the batch and the runtime cannot change a score. The calibration
// (Platt, 1999) is folded into slope and intercept.
import type { NgramFeatures } from "./features.ts";

/**
 * A label that follows from another by a rule: its probability is that of `of` in windows that hold one of `words`,
 * and 0 elsewhere. Its column of the table counts the words.
 */
export interface LabelRule {
  of: string;
  words: string[];
}

export interface NgramModel {
  features: NgramFeatures;
  /** L label names. The first is the one a filter uses by default. */
  labels: readonly string[];
  /** (2^bits, L + 1) row by row: each label's weight, then the mass. */
  table: Int16Array;
  /** (L) from integer sums to logits, with the scales of both columns folded in. */
  slope: Float32Array;
  /** (L) */
  intercept: Float32Array;
  /** By label. */
  rules: Record<string, LabelRule>;
}

/** A probability from a logit. */
export function sigmoid(logit: number): number {
  return 1 / (1 + Math.exp(-logit));
}
