// Chooses the band of first-stage scores whose texts go to the second stage: among those that hold at most a stated share of
// the texts, the one with the best average precision of the joined scores.
import { nextUp } from "#eval/metrics/threshold";
import type { Band } from "#models/manifest";

/** Of the calibration rows whose label is known, for the label that decides. */
export interface StageScores {
  /** (n) first-stage probability, by which a text is escalated. */
  first: ArrayLike<number>;
  /** (n) score where the first stage stands alone, and where both have scored. */
  alone: ArrayLike<number>;
  both: ArrayLike<number>;
  /** (n) 0 or 1. */
  labels: ArrayLike<number>;
}

export interface ChosenBand extends Band {
  /** Share of the texts that it holds. */
  measured: number;
  /** Of the joined scores on the calibration rows. */
  averagePrecision: number;
}

/** No text, and every text. */
const EMPTY_BAND: Band = { low: 0, high: 0 };
export const WHOLE_BAND: Band = { low: 0, high: nextUp(1) };

/** Lower ends that are tried, at even steps of the texts, and of each how much of the share is spent. */
const LOWS = 200;
const SPENT = [0.25, 0.5, 0.75, 1];

/**
 * The best band that holds at most `share` (0 to 1) of the texts; the empty one where none is better. A share of 1 is the
 * whole range, without a choice.
 * @param texts (m) first-stage probabilities of the texts that the share is of, any order
 */
export function chooseBand(scores: StageScores, texts: ArrayLike<number>, share: number): ChosenBand {
  const sorted = Float64Array.from(texts).sort();
  const precision = bandPrecision(scores);
  const told = (band: Band): ChosenBand => ({
    ...band,
    measured: sorted.length === 0 ? 0 : (below(sorted, band.high) - below(sorted, band.low)) / sorted.length,
    averagePrecision: precision(band),
  });
  if (share >= 1) return told(WHOLE_BAND);
  let best = told(EMPTY_BAND);
  const budget = Math.floor(share * sorted.length + 1e-9);
  const calibration = Float64Array.from(scores.first).sort();
  const lows = new Set([0, ...evenly(sorted), ...evenly(calibration)]);
  for (const low of lows) {
    const from = below(sorted, low);
    for (const spent of SPENT) {
      const to = from + Math.floor(budget * spent);
      const band = { low, high: to >= sorted.length ? WHOLE_BAND.high : sorted[to]! };
      const averagePrecision = precision(band);
      if (averagePrecision > best.averagePrecision) best = told(band);
    }
  }
  return best;
}

/** How many of sorted values are below `value`. */
function below(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function evenly(sorted: Float64Array): number[] {
  if (sorted.length === 0) return [];
  return Array.from({ length: LOWS }, (_, i) => sorted[Math.floor((i * sorted.length) / LOWS)]!);
}

/**
 * Average precision by band, as eval/metrics has it. Both orders are sorted once and merged for each band, so that thousands
 * of bands can be tried.
 */
function bandPrecision({ first, alone, both, labels }: StageScores): (band: Band) => number {
  const falling = (scores: ArrayLike<number>) => Uint32Array.from(labels, (_, i) => i).sort((a, b) => scores[b]! - scores[a]!);
  const byAlone = falling(alone);
  const byBoth = falling(both);
  let positives = 0;
  for (let i = 0; i < labels.length; i++) positives += labels[i]!;
  if (positives === 0) return () => 0;
  return ({ low, high }) => {
    const unsure = (row: number) => first[row]! >= low && first[row]! < high;
    let a = 0;
    let b = 0;
    let found = 0;
    let taken = 0;
    let sum = 0;
    const next = () => {
      while (a < byAlone.length && unsure(byAlone[a]!)) a++;
      while (b < byBoth.length && !unsure(byBoth[b]!)) b++;
    };
    for (next(); a < byAlone.length || b < byBoth.length;) {
      const score = Math.max(
        a < byAlone.length ? alone[byAlone[a]!]! : Number.NEGATIVE_INFINITY,
        b < byBoth.length ? both[byBoth[b]!]! : Number.NEGATIVE_INFINITY,
      );
      let gained = 0;
      // Rows of one score stand or fall together.
      for (let tied = true; tied;) {
        tied = false;
        if (a < byAlone.length && alone[byAlone[a]!] === score) {
          gained += labels[byAlone[a++]!]!;
          taken++;
          tied = true;
        } else if (b < byBoth.length && both[byBoth[b]!] === score) {
          gained += labels[byBoth[b++]!]!;
          taken++;
          tied = true;
        }
        next();
      }
      found += gained;
      if (gained > 0) sum += (gained * found) / taken;
    }
    return sum / positives;
  };
}
