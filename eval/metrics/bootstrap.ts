// Percentile bootstrap intervals (Efron), stratified: positives and negatives are drawn apart, with replacement, so that
// every resample keeps the set's class sizes. A resample is a vector of counts over rows sorted once.
import { Random } from "#models/random";
import { METRICS } from "./metrics.ts";
import { count, type Ranking } from "./ranking.ts";

export interface BootstrapOptions {
  /** Resamples; 0 gives no intervals. */
  resamples?: number;
  seed?: number;
  /** Share of resamples inside the interval. */
  level?: number;
}

export type Interval = [low: number, high: number];

export const RESAMPLES = 500;

/** Intervals of each named metric (all by default) of a ranking whose rows weigh 1; a metric that is null has none. */
export function bootstrap(
  ranking: Ranking,
  threshold: number,
  options: BootstrapOptions = {},
  names: readonly string[] = Object.keys(METRICS),
): Record<string, Interval> {
  const { resamples = RESAMPLES, seed = 1, level = 0.95 } = options;
  const random = new Random(seed, "bootstrap");
  const strata = [0, 1].map((label) => Uint32Array.from(ranking.labels.keys().filter((i) => ranking.labels[i] === label)));
  const weights = new Float64Array(ranking.n);
  const counts = count(ranking);
  const values = new Map(names.map((name) => [name, new Float64Array(resamples)]));
  for (let r = 0; r < resamples; r++) {
    drawResample(strata, weights, random);
    count(ranking, weights, counts);
    const resample = { ranking, weights, counts, threshold };
    for (const [name, sampled] of values) sampled[r] = METRICS[name]!.compute(resample) ?? Number.NaN;
  }
  const out: Record<string, Interval> = {};
  for (const [name, sampled] of values) {
    const defined = sampled.filter((value) => !Number.isNaN(value)).sort();
    if (defined.length > 0) out[name] = [quantile(defined, (1 - level) / 2), quantile(defined, (1 + level) / 2)];
  }
  return out;
}

/** Draws as many rows of each stratum as it has, with replacement; `weights` (n) becomes how often each row was drawn. */
export function drawResample(strata: readonly Uint32Array[], weights: Float64Array, random: Random): void {
  weights.fill(0);
  for (const rows of strata) for (let k = 0; k < rows.length; k++) weights[rows[random.below(rows.length)]!]! += 1;
}

/** Quantile of sorted values (n >= 1) by linear interpolation. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  const position = q * (sorted.length - 1);
  const low = Math.floor(position);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (position - low) * (sorted[high]! - sorted[low]!);
}
