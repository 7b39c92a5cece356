// Scores sorted once, with their ties and running counts: every ranking metric is a pass over these arrays, so that a
// bootstrap resample needs new weights only, never a new sort.

export interface Ranking {
  /** Rows that count: (n). */
  n: number;
  /** Scores, highest first: (n), finite. */
  scores: Float64Array;
  /** 1 positive, 0 negative: (n), in the order of `scores`. */
  labels: Uint8Array;
  /** Weight of each row, >= 0: (n). */
  weights: Float64Array;
  /** End (exclusive) of each run of equal scores: (g). A threshold can only fall between two runs. */
  ends: Uint32Array;
}

/** Running weights above each possible threshold, highest first. */
export interface Counts {
  /** Weight of positives with score >= threshold g: (g). */
  tp: Float64Array;
  /** Weight of negatives with score >= threshold g: (g). */
  fp: Float64Array;
  positives: number;
  negatives: number;
}

/** Sorts rows for the ranking metrics. `scores` (n) finite, `labels` (n) 0 or 1, `weights` (n) >= 0, one each by default. */
export function rank(scores: ArrayLike<number>, labels: ArrayLike<number>, weights?: ArrayLike<number>): Ranking {
  const n = scores.length;
  if (labels.length !== n) throw new Error(`rank: labels must have ${n} entries, got ${labels.length}`);
  if (weights && weights.length !== n) throw new Error(`rank: weights must have ${n} entries, got ${weights.length}`);
  const order = new Uint32Array(n);
  for (let i = 0; i < n; i++) {
    order[i] = i;
    if (!Number.isFinite(scores[i])) throw new Error(`rank: scores must be finite, got ${scores[i]} at ${i}`);
    if (labels[i] !== 0 && labels[i] !== 1) throw new Error(`rank: labels must be 0 or 1, got ${labels[i]} at ${i}`);
    if (weights && !(weights[i]! >= 0)) throw new Error(`rank: weights must be >= 0, got ${weights[i]} at ${i}`);
  }
  // Ties by label, so that resampling too does not depend on the order in which rows came.
  order.sort((a, b) => scores[b]! - scores[a]! || labels[b]! - labels[a]!);
  const sorted = Float64Array.from(order, (i) => scores[i]!);
  const ends: number[] = [];
  for (let i = 1; i <= n; i++) if (i === n || sorted[i] !== sorted[i - 1]) ends.push(i);
  return {
    n,
    scores: sorted,
    labels: Uint8Array.from(order, (i) => labels[i]!),
    weights: Float64Array.from(order, (i) => (weights ? weights[i]! : 1)),
    ends: Uint32Array.from(ends),
  };
}

/** Running counts over the thresholds of a ranking, with `weights` (n) in its order in place of its own. */
export function count(ranking: Ranking, weights: Float64Array = ranking.weights, into?: Counts): Counts {
  const { labels, ends } = ranking;
  const counts = into ?? { tp: new Float64Array(ends.length), fp: new Float64Array(ends.length), positives: 0, negatives: 0 };
  let tp = 0;
  let all = 0;
  let i = 0;
  for (let g = 0; g < ends.length; g++) {
    for (const end = ends[g]!; i < end; i++) {
      all += weights[i]!;
      tp += weights[i]! * labels[i]!;
    }
    counts.tp[g] = tp;
    counts.fp[g] = all - tp;
  }
  counts.positives = tp;
  counts.negatives = all - tp;
  return counts;
}
