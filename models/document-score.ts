// What scoring a document gives, whichever kind of model does it, and what every scorer is to its callers.
import type { Aggregate } from "./manifest.ts";

/** Windows in the top-k mean. */
export const TOP_K = 3;

/** What is known of a document after scoring, per label (L). Reused by the scorer's next call. */
export interface DocumentScore {
  /** Windows scored, at least 1. */
  windows: number;
  /** Length of the text. */
  codePoints: number;
  /** Calibrated probability of the highest window. */
  max: Float64Array;
  /** Mean over the windows. */
  mean: Float64Array;
  /** Mean of the TOP_K highest windows (of all, where there are fewer). */
  topK: Float64Array;
  /** Span of the highest window, in code points. */
  start: Int32Array;
  end: Int32Array;
  /** Of a cascade: whether the second stage scored it. */
  escalated?: boolean;
}

/** Synchronous, and not to be shared between threads: a result is overwritten by the next call. */
export interface DocumentScorer {
  /** (L), the first is the one that decides by default. */
  readonly labels: readonly string[];
  /** Scores `bytes[start, end)`, valid UTF-8. */
  score(bytes: Uint8Array, start: number, end: number): DocumentScore;
  /** Scores a string. Lone surrogates count as U+FFFD, as in every UTF-8 encoder. */
  scoreText(text: string): DocumentScore;
  /** The scores of many texts, in order, each a copy: faster than one by one, where the scorer can. */
  scoreTexts?(texts: readonly string[]): DocumentScore[];
  /** Frees what is held outside of JavaScript's memory, where something is; the scorer is of no use afterwards. */
  close?(): void;
}

/** A copy that the scorer's next call leaves alone. */
export function copyScore(score: DocumentScore): DocumentScore {
  const { max, mean, topK, start, end } = score;
  return { ...score, max: max.slice(), mean: mean.slice(), topK: topK.slice(), start: start.slice(), end: end.slice() };
}

/** A score of L labels, all zero, for a scorer to fill. */
export function emptyScore(labels: number): DocumentScore {
  const zeros = () => new Float64Array(labels);
  const places = () => new Int32Array(labels);
  return { windows: 0, codePoints: 0, max: zeros(), mean: zeros(), topK: zeros(), start: places(), end: places() };
}

/** (L) what a document's scores are by an aggregate. */
export function aggregatedScores(score: DocumentScore, aggregate: Aggregate): Float64Array {
  return aggregate === "topk" ? score.topK : score[aggregate];
}
