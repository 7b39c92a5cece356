// Scores a text with the n-gram model, over windows of two blocks that overlap by one and cover all of it.
// The same numbers come out of the exported graph (onnx-graph.ts); scorer.test.ts holds the two together.
import { type DocumentScore, type DocumentScorer, emptyScore, TOP_K } from "#models/document-score";
import { TokenStream } from "#models/text/token-stream";
import { BlockSums, sumsLength } from "./block-sums.ts";
import { BEFORE_FIRST } from "./features.ts";
import { type NgramModel, sigmoid } from "./model.ts";

export class NgramScorer implements DocumentScorer {
  readonly labels: readonly string[];
  readonly #columns: number;
  readonly #model: Pick<NgramModel, "slope" | "intercept">;
  /** (L) column that the label's rule follows, -1 where there is no rule. */
  readonly #follows: Int32Array;
  readonly #stream: TokenStream;
  readonly #blockSums: BlockSums;
  readonly #score: DocumentScore;
  /** Sums of the previous and of the current block, and of the two together; the columns, then padding. */
  #last: Int32Array;
  #sums: Int32Array;
  readonly #window: Int32Array;
  /** (L, TOP_K) probabilities of the highest windows, falling. */
  readonly #top: Float64Array;
  #scratch = new Uint8Array(4096);

  constructor(model: NgramModel) {
    const { labels } = model;
    this.labels = labels;
    this.#columns = labels.length + 1;
    this.#model = model;
    this.#follows = Int32Array.from(labels, (label) => {
      const rule = model.rules[label];
      return rule === undefined ? -1 : labels.indexOf(rule.of);
    });
    this.#stream = new TokenStream(model.features.charNgrams !== null);
    this.#blockSums = new BlockSums(model.features, model.table, this.#columns);
    const sums = () => new Int32Array(sumsLength(this.#columns));
    this.#last = sums();
    this.#sums = sums();
    this.#window = sums();
    this.#top = new Float64Array(labels.length * TOP_K);
    this.#score = emptyScore(labels.length);
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
    let lastStart = 0;
    let lastEnd = 0;
    for (let tokens = stream.next(); tokens > 0; tokens = stream.next()) {
      const reuse = this.#last;
      this.#last = this.#sums;
      this.#sums = reuse;
      this.#blockSums.sum(stream, bytes, previous, this.#sums);
      previous = stream.hashes[tokens - 1]!;
      const windowStart = lastStart;
      lastStart = stream.firstCodePoint;
      lastEnd = stream.lastCodePoint;
      if (++blocks === 1) continue;
      for (let c = 0; c < this.#columns; c++) this.#window[c] = this.#last[c]! + this.#sums[c]!;
      this.#closeWindow(this.#window, windowStart, lastEnd);
    }
    if (blocks === 0) this.#sums.fill(0);
    if (blocks <= 1) this.#closeWindow(this.#sums, lastStart, lastEnd);
    score.codePoints = stream.codePoints;
    this.#finish();
    return score;
  }

  /** Takes a window into the document's score. */
  #closeWindow(sums: Int32Array, start: number, end: number): void {
    const score = this.#score;
    const top = this.#top;
    const { slope, intercept } = this.#model;
    const inverseNorm = 1 / Math.sqrt(Math.max(1, sums[this.#columns - 1]!));
    for (let label = 0; label < this.labels.length; label++) {
      const follows = this.#follows[label]!;
      let p: number;
      if (follows < 0) p = sigmoid(slope[label]! * sums[label]! * inverseNorm + intercept[label]!);
      else p = sums[label] === 0 ? 0 : sigmoid(slope[follows]! * sums[follows]! * inverseNorm + intercept[follows]!);
      score.mean[label]! += p;
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
    for (let label = 0; label < this.labels.length; label++) {
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
