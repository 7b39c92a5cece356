// Scores texts with an encoder's package: tokens → windows that overlap by a quarter and cover all of the text → batches by length → the graph →
// a document's scores, as those of the n-gram model (document-score.ts).
//
// A text without tokens has one window. To a pretrained model that is its special tokens alone; a model of words is given one row of padding, of
// which every pooled vector is 0: a fixed and finite score, that of the classifier's own bias.
import { join } from "node:path";
import { type DocumentScore, type DocumentScorer, copyScore } from "#models/document-score";
import { CordonError } from "#models/errors";
import type { LoadedEncoder } from "#models/loaded-model";
import type { Precision, Provider } from "#models/manifest";
import { WindowScores } from "#models/window-scores";
import { ENCODER_FILES } from "#models/package-files";
import { type EncoderConfig, longestInput } from "./config.ts";
import { openTokenizer } from "./open-tokenizer.ts";
import { RuleWords, anyWithin, codePointsIn } from "./rule-words.ts";
import type { EncodedText, EncoderTokenizer } from "./tokenizer.ts";
import { type TextWindow, WindowRunner } from "./window-runner.ts";
import { cutWindows, windowCapacity, windowSpan } from "./windows.ts";

export interface EncoderScorerOptions {
  /** Default: the package's own. */
  precision?: Precision;
  /** Default "cpu". */
  provider?: Provider;
  threads?: number;
}

/** A text as the network and the rules see it. */
interface PreparedText {
  windows: TextWindow[];
  codePoints: number;
  /** By label that follows by a rule: where its words stand, ascending. */
  places: (readonly number[])[];
}

interface Rule {
  label: number;
  /** Index among `labels` of the one that it follows. */
  of: number;
  words: RuleWords;
}

/** Windows that are sorted by length together. */
const CHUNK_WINDOWS = 4096;

const utf8 = new TextEncoder();

export class EncoderScorer implements DocumentScorer {
  readonly labels: readonly string[];
  readonly #tokenizer: EncoderTokenizer;
  readonly #capacity: number;
  readonly #runner: WindowRunner;
  readonly #scores: WindowScores;
  /** (outputs) the label of each of the network's outputs. */
  readonly #places: Int32Array;
  readonly #rules: readonly Rule[];
  readonly #probabilities: Float64Array;
  #scratch = new Uint8Array(4096);

  /** @throws CordonError model/damaged, model/unsupported, model/no-provider, usage/missing-file */
  constructor({ dir, labels, architecture }: LoadedEncoder, options: EncoderScorerOptions = {}) {
    const { config, maxTokens, rules } = architecture;
    this.labels = labels;
    this.#tokenizer = openTokenizer(dir);
    refuseMisfit(config, maxTokens, this.#tokenizer, dir);
    this.#capacity = windowCapacity(this.#tokenizer, maxTokens);
    this.#places = Int32Array.from(labels.flatMap((label, i) => (Object.hasOwn(rules, label) ? [] : [i])));
    this.#rules = Object.entries(rules).map(([label, { of, words }]) => ({
      label: labels.indexOf(label),
      of: labels.indexOf(of),
      words: new RuleWords(words),
    }));
    this.#runner = new WindowRunner(join(dir, ENCODER_FILES[options.precision ?? architecture.default]), this.#tokenizer, {
      ...(options.provider === undefined ? {} : { provider: options.provider }),
      ...(options.threads === undefined ? {} : { threads: options.threads }),
      positions: longestInput(config),
      outputs: this.#places.length,
    });
    this.#scores = new WindowScores(labels.length);
    this.#probabilities = new Float64Array(labels.length);
  }

  /** Scores a string. Lone surrogates count as U+FFFD. The result is reused by the next call. */
  scoreText(text: string): DocumentScore {
    return this.#scoreOne(this.#prepareText(text));
  }

  /** Scores `bytes[start, end)`, valid UTF-8. The result is reused by the next call. */
  score(bytes: Uint8Array, start = 0, end = bytes.length): DocumentScore {
    return this.#scoreOne(
      this.#prepare(this.#tokenizer.encodeBytes(bytes, start, end), codePointsIn(bytes, start, end), bytes, start, end),
    );
  }

  /** Scores of many texts, each its own: windows of all of them share batches, which is several times faster than one text at a time. */
  scoreTexts(texts: Iterable<string>): DocumentScore[] {
    const scores: DocumentScore[] = [];
    let chunk: PreparedText[] = [];
    let windows = 0;
    const flush = () => {
      this.#scoreChunk(chunk, (score) => scores.push(copyScore(score)));
      chunk = [];
      windows = 0;
    };
    for (const text of texts) {
      const prepared = this.#prepareText(text);
      chunk.push(prepared);
      windows += prepared.windows.length;
      if (windows >= CHUNK_WINDOWS) flush();
    }
    flush();
    return scores;
  }

  /** Frees the graph's memory; the scorer is of no use afterwards. */
  close(): void {
    this.#runner.close();
  }

  #scoreOne(text: PreparedText): DocumentScore {
    let result: DocumentScore | undefined;
    this.#scoreChunk([text], (score) => (result = score));
    return result!;
  }

  #scoreChunk(texts: readonly PreparedText[], take: (score: DocumentScore) => void): void {
    const probabilities = this.#runner.run(texts.flatMap(({ windows }) => windows));
    let row = 0;
    for (const { windows, codePoints, places } of texts) {
      this.#scores.open();
      for (const window of windows) this.#closeWindow(window, probabilities, row++, places);
      take(this.#scores.close(codePoints));
    }
  }

  #closeWindow(window: TextWindow, results: Float32Array, row: number, places: (readonly number[])[]): void {
    const p = this.#probabilities;
    const outputs = this.#places.length;
    for (let i = 0; i < outputs; i++) p[this.#places[i]!] = results[row * outputs + i]!;
    const { start, end } = windowSpan(window.encoded, window);
    this.#rules.forEach(({ label, of }, r) => {
      p[label] = anyWithin(places[r]!, start, end) ? p[of]! : 0;
    });
    this.#scores.add(p, start, end);
  }

  #prepareText(text: string): PreparedText {
    if (this.#scratch.length < text.length * 3) this.#scratch = new Uint8Array(text.length * 3);
    const { written } = utf8.encodeInto(text, this.#scratch);
    // A tokenizer of strings is spared the way there and back.
    const encoded =
      this.#tokenizer.kind === "words" ? this.#tokenizer.encodeBytes(this.#scratch, 0, written) : this.#tokenizer.encode(text);
    return this.#prepare(encoded, codePointsIn(this.#scratch, 0, written), this.#scratch, 0, written);
  }

  #prepare(encoded: EncodedText, codePoints: number, bytes: Uint8Array, start: number, end: number): PreparedText {
    const windows = cutWindows(encoded.ids.length, this.#capacity).map(({ from, to }) => ({ encoded, from, to }));
    return { windows, codePoints, places: this.#rules.map(({ words }) => words.find(bytes, start, end)) };
  }
}

function refuseMisfit(config: EncoderConfig, maxTokens: number, tokenizer: EncoderTokenizer, where: string): void {
  const damaged = (what: string) => new CordonError("model/damaged", what, { where, hint: "train or copy it again" });
  const longest = longestInput(config);
  if (maxTokens > longest) throw damaged(`windows of ${maxTokens} tokens are longer than the ${longest} that the network has places for`);
  if (tokenizer.vocabSize > config.vocab_size) {
    throw damaged(`the tokenizer has ${tokenizer.vocabSize} ids and the network ${config.vocab_size}`);
  }
}
