// Scores a text with the n-gram model, over windows of two blocks that overlap by one and cover all of it.
// The same numbers come out of the exported graph (onnx-graph.ts); scorer.test.ts holds the two together.
import { TokenStream } from "#models/text/token-stream";
import { BEFORE_FIRST, blockFeatures, maxFeatures } from "./features.ts";
import { type NgramModel, sigmoid } from "./model.ts";

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
}

export class NgramScorer {
  readonly labels: readonly string[];
  readonly #model: NgramModel;
  readonly #columns: number;
  /** The table two columns at a time, where there is one label: (weight, mass) is one load. */
  readonly #pairs: Int32Array | null;
  readonly #stream = new TokenStream();
  readonly #features: Int32Array;
  readonly #score: DocumentScore;
  /** Sums of the previous and of the current block. */
  #last: Int32Array;
  #sums: Int32Array;
  /** (L) index of the label that a rule follows, -1 where there is none. */
  readonly #follows: Int32Array;
  readonly #top: Float64Array;
  #scratch = new Uint8Array(4096);

  constructor(model: NgramModel) {
    const labels = model.labels.length;
    this.labels = model.labels;
    this.#model = model;
    this.#columns = labels + 1;
    this.#pairs = labels === 1 ? new Int32Array(model.table.buffer, model.table.byteOffset, model.table.length >> 1) : null;
    this.#features = new Int32Array(maxFeatures(model.features));
    this.#last = new Int32Array(this.#columns);
    this.#sums = new Int32Array(this.#columns);
    this.#follows = Int32Array.from(model.labels, (label) => {
      const rule = model.rules[label];
      return rule === undefined ? -1 : model.labels.indexOf(rule.of);
    });
    this.#top = new Float64Array(labels * TOP_K);
    const zeros = () => new Float64Array(labels);
    this.#score = { windows: 0, codePoints: 0, max: zeros(), mean: zeros(), topK: zeros(), start: new Int32Array(labels), end: new Int32Array(labels) };
  }

  /** Scores a string. Lone surrogates count as U+FFFD, as in every UTF-8 encoder. */
  scoreText(text: string): DocumentScore {
    if (this.#scratch.length < text.length * 3) this.#scratch = new Uint8Array(text.length * 3);
    return this.score(this.#scratch, 0, encoder.encodeInto(text, this.#scratch).written);
  }

  /** Scores `bytes[start, end)`, valid UTF-8. The result is reused by the next call. */
  score(bytes: Uint8Array, start = 0, end = bytes.length): DocumentScore {
    const stream = this.#stream;
    const score = this.#score;
    score.windows = 0;
    score.mean.fill(0);
    this.#top.fill(-1);
    stream.open(bytes, start, end);
    let previous = BEFORE_FIRST;
    let blocks = 0;
    let windowStart = 0;
    let lastStart = 0;
    let lastEnd = 0;
    for (;;) {
      const tokens = stream.next();
      if (tokens === 0) break;
      const count = blockFeatures(this.#model.features, stream, bytes, previous, this.#features, 0);
      previous = stream.hashes[tokens - 1]!;
      const reuse = this.#last;
      this.#last = this.#sums;
      this.#sums = reuse;
      this.#sumBlock(count);
      windowStart = lastStart;
      lastStart = stream.firstCodePoint;
      lastEnd = stream.lastCodePoint;
      if (++blocks > 1) this.#closeWindow(this.#last, this.#sums, windowStart, lastEnd);
    }
    if (blocks <= 1) {
      if (blocks === 0) this.#sums.fill(0);
      this.#closeWindow(this.#sums, null, lastStart, lastEnd);
    }
    score.codePoints = stream.codePoints;
    this.#finish();
    return score;
  }

  /** Sums the table's rows of the first `count` features into #sums. */
  #sumBlock(count: number): void {
    const features = this.#features;
    const sums = this.#sums;
    const pairs = this.#pairs;
    if (pairs !== null) {
      let weight = 0;
      let mass = 0;
      for (let i = 0; i < count; i++) {
        const pair = pairs[features[i]!]!;
        weight += (pair << 16) >> 16;
        mass += pair >> 16;
      }
      sums[0] = weight;
      sums[1] = mass;
      return;
    }
    const table = this.#model.table;
    const columns = this.#columns;
    sums.fill(0);
    for (let i = 0; i < count; i++) {
      const row = features[i]! * columns;
      for (let c = 0; c < columns; c++) sums[c]! += table[row + c]!;
    }
  }

  /** Takes a window (the sums of one or two blocks) into the document's score. */
  #closeWindow(first: Int32Array, second: Int32Array | null, start: number, end: number): void {
    const score = this.#score;
    const { slope, intercept } = this.#model;
    const labels = this.#columns - 1;
    const sum = (c: number) => (second === null ? first[c]! : first[c]! + second[c]!);
    const inverseNorm = 1 / Math.sqrt(Math.max(1, sum(labels)));
    for (let label = 0; label < labels; label++) {
      const follows = this.#follows[label]!;
      let p: number;
      if (follows < 0) p = sigmoid(slope[label]! * sum(label) * inverseNorm + intercept[label]!);
      else p = sum(label) === 0 ? 0 : sigmoid(slope[follows]! * sum(follows) * inverseNorm + intercept[follows]!);
      score.mean[label]! += p;
      const top = this.#top;
      const best = label * TOP_K;
      if (p > top[best]!) {
        score.start[label] = start;
        score.end[label] = end;
      }
      // Insertion into the TOP_K highest, in falling order.
      for (let k = best; k < best + TOP_K; k++) {
        if (p <= top[k]!) continue;
        const pushed = top[k]!;
        top[k] = p;
        p = pushed;
      }
    }
    score.windows++;
  }

  #finish(): void {
    const score = this.#score;
    const kept = Math.min(TOP_K, score.windows);
    for (let label = 0; label < this.#columns - 1; label++) {
      const best = label * TOP_K;
      let sum = 0;
      for (let k = 0; k < kept; k++) sum += this.#top[best + k]!;
      score.max[label] = this.#top[best]!;
      score.mean[label]! /= score.windows;
      score.topK[label] = sum / kept;
    }
  }
}

const encoder = new TextEncoder();
