// Which rows go through the network together. What a batch costs is its padded size, so rows of like length stand together
// ("length bucketing"), under a budget of padded tokens; used by training and scoring alike.

import type { Random } from "#models/random";

export interface BatchLimits {
  /** Rows × padded length at most; a row that is longer by itself is a batch of its own. */
  budget: number;
  /** Rows at most. */
  maxRows?: number;
  /** Lengths are padded up to a multiple of it. */
  multiple?: number;
  /** What a batch costs beside its tokens, in tokens: `packBatches` then cuts where batches and padding together cost least. */
  overhead?: number;
  /** No batch is padded beyond it, whatever the multiple: the positions a network has. */
  maxLength?: number;
}

export interface Batch {
  /** Indices of the rows. */
  rows: Int32Array;
  /** Tokens a row is padded to, at least 1. */
  length: number;
}

export interface ShuffledLimits extends BatchLimits {
  random: Random;
  /** Rows that are sorted by length together after the shuffle: more waste less padding, fewer mix the epochs better. */
  chunkRows?: number;
}

const MULTIPLE = 8;
/** With it, padding wastes some percent of ordinary lengths, while rows still meet other ones in each epoch. */
const CHUNK_ROWS = 2048;

/** Batches of all rows, the shortest first, equal lengths in the order of the rows. @param lengths tokens of each row */
export function packBatches(lengths: ArrayLike<number>, limits: BatchLimits): Batch[] {
  const order = byLength(
    Int32Array.from({ length: lengths.length }, (_, i) => i),
    lengths,
  );
  if (limits.overhead === undefined) return cut(order, lengths, limits);
  const batches: Batch[] = [];
  let from = 0;
  for (const { to, length } of cheapestBuckets(order, lengths, limits, limits.overhead)) {
    const most = rowsIn(length, limits);
    for (; from < to; from = Math.min(to, from + most)) batches.push({ rows: order.slice(from, Math.min(to, from + most)), length });
  }
  return batches;
}

/** Batches of one training epoch: rows shuffled, sorted by length within chunks, cut, and the batches shuffled. */
export function shuffledBatches(lengths: ArrayLike<number>, limits: ShuffledLimits): Batch[] {
  const { random, chunkRows = CHUNK_ROWS } = limits;
  const order = random.shuffle(Int32Array.from({ length: lengths.length }, (_, i) => i));
  const batches: Batch[] = [];
  for (let from = 0; from < order.length; from += chunkRows) {
    batches.push(...cut(byLength(order.slice(from, from + chunkRows), lengths), lengths, limits));
  }
  return random.shuffle(batches);
}

/** Batches in the order in which the rows come. */
export function arrivalBatches(lengths: ArrayLike<number>, limits: BatchLimits): Batch[] {
  return cut(
    Int32Array.from({ length: lengths.length }, (_, i) => i),
    lengths,
    limits,
  );
}

/** The length a row of so many tokens is padded to. */
export function paddedLength(tokens: number, { multiple = MULTIPLE, maxLength = Infinity }: Omit<BatchLimits, "budget"> = {}): number {
  return Math.max(tokens, Math.min(maxLength, Math.max(1, Math.ceil(tokens / multiple)) * multiple));
}

export interface PaddedBatch {
  /** (rows, length), row-major. */
  ids: Int32Array;
  /** (rows, length): 1 for a token, 0 for padding. */
  mask: Uint8Array;
}

/** Rows of ids side by side, padded at the end. */
export function padRows(rows: readonly Int32Array[], length: number, padId: number): PaddedBatch {
  const ids = new Int32Array(rows.length * length);
  if (padId !== 0) ids.fill(padId);
  const mask = new Uint8Array(rows.length * length);
  rows.forEach((row, i) => {
    if (row.length > length) throw new Error(`padRows: a row of ${row.length} tokens in a batch of length ${length}`);
    ids.set(row, i * length);
    mask.fill(1, i * length, i * length + row.length);
  });
  return { ids, mask };
}

function byLength(rows: Int32Array, lengths: ArrayLike<number>): Int32Array {
  return rows.sort((a, b) => lengths[a]! - lengths[b]! || a - b);
}

/** Rows of a padded length in a batch. */
function rowsIn(length: number, { budget, maxRows = Infinity }: BatchLimits): number {
  return Math.max(1, Math.min(maxRows, Math.floor(budget / length)));
}

/** Where to cut the sorted rows, by the shortest path over their distinct lengths: up to row `to`, all are padded to `length`. */
function cheapestBuckets(
  order: Int32Array,
  lengths: ArrayLike<number>,
  limits: BatchLimits,
  overhead: number,
): { to: number; length: number }[] {
  const steps: { to: number; length: number }[] = [];
  for (let i = 0; i < order.length; i++) {
    const length = paddedLength(lengths[order[i]!]!, limits);
    if (steps.at(-1)?.length === length) steps.at(-1)!.to = i + 1;
    else steps.push({ to: i + 1, length });
  }
  const cost = [0];
  const before = [0];
  for (let j = 1; j <= steps.length; j++) {
    const { to, length } = steps[j - 1]!;
    const most = rowsIn(length, limits);
    cost[j] = Infinity;
    for (let i = 0; i < j; i++) {
      const rows = to - (i === 0 ? 0 : steps[i - 1]!.to);
      const total = cost[i]! + rows * length + overhead * Math.ceil(rows / most);
      if (total >= cost[j]!) continue;
      cost[j] = total;
      before[j] = i;
    }
  }
  const buckets: { to: number; length: number }[] = [];
  for (let j = steps.length; j > 0; j = before[j]!) buckets.push(steps[j - 1]!);
  return buckets.reverse();
}

function cut(order: Int32Array, lengths: ArrayLike<number>, limits: BatchLimits): Batch[] {
  const { budget, maxRows = Infinity } = limits;
  const batches: Batch[] = [];
  let from = 0;
  let length = 0;
  for (let i = 0; i < order.length; i++) {
    const padded = paddedLength(lengths[order[i]!]!, limits);
    const longest = Math.max(length, padded);
    const rows = i - from + 1;
    if (rows > 1 && (rows > maxRows || rows * longest > budget)) {
      batches.push({ rows: order.slice(from, i), length });
      from = i;
      length = padded;
    } else {
      length = longest;
    }
  }
  if (from < order.length) batches.push({ rows: order.slice(from), length });
  return batches;
}
