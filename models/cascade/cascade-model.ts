// The arithmetic of a cascade: which texts the first stage is unsure of, and how a label's two probabilities become one,
//
//   alone  σ(slope · logit p₁ + intercept)
//   both   σ(a · logit p₁ + b · logit p₂ + c)      a, b ≥ 0
//
// which are both fitted to be the probability that the label is right, so that scores in and out of the band compare.
import type { Band, Combination } from "#models/manifest";
import { sigmoid } from "#models/ngram/model";

/** Probabilities nearer to 0 or 1 than this say no more. */
const EDGE = 1e-12;

/** The logit of a probability, finite; NaN stays what it is. */
export function logit(p: number): number {
  const inside = Math.min(1 - EDGE, Math.max(EDGE, p));
  return Math.log(inside / (1 - inside));
}

/** Whether a text with this first-stage score of the deciding label goes to the second stage. One that is NaN does not: it stays NaN. */
export function isUnsure({ low, high }: Band, p: number): boolean {
  return p >= low && p < high;
}

/** A label's probability where only the first stage has scored. */
export function alone({ alone: { slope, intercept }, rule }: Combination, first: number): number {
  // By a rule a label is 0 where its words are not in the text, and not merely unlikely.
  return rule && first === 0 ? 0 : sigmoid(slope * logit(first) + intercept);
}

/** A label's probability where both have; of a label by a rule whose words one stage's windows alone have caught, that stage's. */
export function joined(combination: Combination, first: number, second: number): number {
  const { both, rule } = combination;
  if (both === null || (rule && second === 0)) return alone(combination, first);
  if (rule && first === 0) return second;
  return sigmoid(both.first * logit(first) + both.second * logit(second) + both.intercept);
}
