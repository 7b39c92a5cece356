// Do scores mean what they say? Brier score, and the expected calibration error over bins of equal mass (Nixon et al.,
// arXiv:1904.01685: equal-width bins leave most of a skewed distribution in one bin). Lower is better. Defined for one
// class too; null only without rows.
import type { Ranking } from "./ranking.ts";

export const CALIBRATION_BINS = 15;

export interface CalibrationBin {
  /** Lowest and highest score in the bin. */
  low: number;
  high: number;
  /** Weight of the rows in it. */
  mass: number;
  meanScore: number;
  /** Share of positives. */
  meanLabel: number;
}

/** Mean squared difference of score and label. Scores are probabilities. */
export function brierLoss(ranking: Ranking, weights: Float64Array = ranking.weights): number | null {
  let sum = 0;
  let mass = 0;
  for (let i = 0; i < ranking.n; i++) {
    const difference = ranking.scores[i]! - ranking.labels[i]!;
    sum += weights[i]! * difference * difference;
    mass += weights[i]!;
  }
  return mass === 0 ? null : sum / mass;
}

/**
 * Bins of about equal mass, lowest scores first. Rows of equal score share a bin (the one in which the middle of their
 * run falls), so that the order of rows never matters; empty bins are left out.
 */
export function calibrationBins(ranking: Ranking, bins = CALIBRATION_BINS, weights: Float64Array = ranking.weights): CalibrationBin[] {
  const { scores, labels, ends } = ranking;
  let total = 0;
  for (let i = 0; i < ranking.n; i++) total += weights[i]!;
  const out: (CalibrationBin | undefined)[] = Array.from({ length: bins }, () => undefined);
  let above = 0;
  let i = 0;
  for (const end of ends) {
    let mass = 0;
    let positive = 0;
    for (; i < end; i++) {
      mass += weights[i]!;
      positive += weights[i]! * labels[i]!;
    }
    if (mass === 0) continue;
    const score = scores[end - 1]!;
    const index = bins - 1 - Math.min(bins - 1, Math.floor((bins * (above + mass / 2)) / total));
    above += mass;
    const bin = (out[index] ??= { low: score, high: score, mass: 0, meanScore: 0, meanLabel: 0 });
    bin.low = score;
    bin.mass += mass;
    // Sums until all rows are seen; divided below.
    bin.meanScore += mass * score;
    bin.meanLabel += positive;
  }
  const filled = out.filter((bin) => bin !== undefined);
  for (const bin of filled) {
    bin.meanScore /= bin.mass;
    bin.meanLabel /= bin.mass;
  }
  return filled;
}

/** Σ mass_b / mass · |mean label_b − mean score_b| over equal-mass bins. */
export function expectedCalibrationError(
  ranking: Ranking,
  bins = CALIBRATION_BINS,
  weights: Float64Array = ranking.weights,
): number | null {
  const filled = calibrationBins(ranking, bins, weights);
  const total = filled.reduce((sum, bin) => sum + bin.mass, 0);
  if (total === 0) return null;
  return filled.reduce((sum, bin) => sum + bin.mass * Math.abs(bin.meanLabel - bin.meanScore), 0) / total;
}
