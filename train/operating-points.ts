// Thresholds by what they are wanted for: a recall, or a share of harmless rows flagged, on the calibration split.
import { thresholdFlagging } from "#eval/metrics/threshold";

export const RECALLS = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1];
export const FALSE_POSITIVE_RATES = [0.0001, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1];

/** How a package's default threshold is chosen: `fpr:0.01`, `recall:0.98`, or a probability. */
export type ThresholdRule = { kind: "fpr" | "recall"; value: number } | { kind: "fixed"; value: number };

export interface OperatingPoints {
  recall: [number, number][];
  falsePositiveRate: [number, number][];
}

/** @param scores (n) probabilities @param labels (n) 0 or 1 */
export function operatingPoints(scores: readonly number[], labels: readonly number[]): OperatingPoints {
  const of = (label: number) => scores.filter((_, i) => labels[i] === label).sort((a, b) => b - a);
  const positives = of(1);
  const negatives = of(0);
  return {
    recall: positives.length === 0 ? [] : RECALLS.map((recall) => [recall, thresholdAtRecall(positives, recall)]),
    falsePositiveRate:
      negatives.length === 0 ? [] : FALSE_POSITIVE_RATES.map((rate) => [rate, Math.min(1, thresholdFlagging(negatives, rate))]),
  };
}

/** The threshold of a rule, and the rule in words for the manifest. */
export function chooseThreshold(
  rule: ThresholdRule,
  scores: readonly number[],
  labels: readonly number[],
): { threshold: number; rule: string } {
  if (rule.kind === "fixed") return { threshold: rule.value, rule: "given" };
  const wanted = rule.kind === "recall" ? 1 : 0;
  const sorted = scores.filter((_, i) => labels[i] === wanted).sort((a, b) => b - a);
  const percent = `${+(rule.value * 100).toPrecision(6)} %`;
  if (sorted.length === 0) return { threshold: 0.5, rule: `0.5: the calibration split has no ${wanted ? "positives" : "negatives"}` };
  return rule.kind === "recall"
    ? { threshold: thresholdAtRecall(sorted, rule.value), rule: `recall ${percent} of ${sorted.length} calibration positives` }
    : {
        threshold: Math.min(1, thresholdFlagging(sorted, rule.value)),
        rule: `at most ${percent} of ${sorted.length} calibration negatives flagged`,
      };
}

/** The highest threshold at which `recall` of the positives (sorted down) score at or over it. */
function thresholdAtRecall(positives: readonly number[], recall: number): number {
  return positives[Math.min(positives.length, Math.max(1, Math.ceil(recall * positives.length - 1e-9))) - 1]!;
}
