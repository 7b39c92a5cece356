// Scores a text with the n-gram model, over windows of two blocks that overlap by one and cover all of it.
// The same numbers come out of the exported graph (onnx-graph.ts); scorer.test.ts holds the two together.
import type { DocumentScore, DocumentScorer } from "#models/document-score";
import { TokenStream } from "#models/text/token-stream";
import { WindowScores } from "#models/window-scores";
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
  readonly #scores: WindowScores;
  /** Sums of the previous and of the current block, and of the two together; the columns, then padding. */
  #last: Int32Array;
  #sums: Int32Array;
  readonly #window: Int32Array;
  /** (L) of one window. */
  readonly #probabilities: Float64Array;
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
    this.#probabilities = new Float64Array(labels.length);
    this.#scores = new WindowScores(labels.length);
  }

  /** Scores a string. Lone surrogates count as U+FFFD, as in every UTF-8 encoder. */
  scoreText(text: string): DocumentScore {
    if (this.#scratch.length < text.length * 3) this.#scratch = new Uint8Array(text.length * 3);
    return this.score(this.#scratch, 0, encoder.encodeInto(text, this.#scratch).written);
  }

  /** Scores `bytes[start, end)`, valid UTF-8. The result is reused by the next call. */
  score(bytes: Uint8Array, start = 0, end = bytes.length): DocumentScore {
    const stream = this.#stream;
    this.#scores.open();
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
    return this.#scores.close(stream.codePoints);
  }

  /** Takes a window into the document's score. */
  #closeWindow(sums: Int32Array, start: number, end: number): void {
    const probabilities = this.#probabilities;
    const { slope, intercept } = this.#model;
    const inverseNorm = 1 / Math.sqrt(Math.max(1, sums[this.#columns - 1]!));
    for (let label = 0; label < this.labels.length; label++) {
      const follows = this.#follows[label]!;
      const from = follows < 0 ? label : follows;
      // A label by a rule is 0 where the window has none of its words.
      const absent = follows >= 0 && sums[label] === 0;
      probabilities[label] = absent ? 0 : sigmoid(slope[from]! * sums[from]! * inverseNorm + intercept[from]!);
    }
    this.#scores.add(probabilities, start, end);
  }
}

const encoder = new TextEncoder();
