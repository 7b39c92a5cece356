// A vocabulary of words by their MurmurHash3, for encoders from scratch: the tokens are those of the n-gram model
// (models/text/token-stream.ts), so text is read at its speed. Id 0 is padding, 1…n are the words in the order of their hashes
// (unsigned), and behind them stand buckets for all other words, chosen by the hash. Two words of one hash are one word.

import { z } from "zod";

import { CordonError } from "#models/errors";
import { TokenStream } from "#models/text/token-stream";
import { TokenSink } from "./token-sink.ts";
import type { EncodedText, EncoderTokenizer } from "./tokenizer.ts";

const VocabularySchema = z.object({
  kind: z.literal("words"),
  /** How a word becomes a hash. */
  hash: z.literal("murmur3-x86-32"),
  /** Unsigned, ascending. */
  hashes: z.array(z.int().min(0).max(0xffffffff)),
  oovBuckets: z.int().positive(),
});

export class WordVocabulary implements EncoderTokenizer {
  readonly kind = "words";
  readonly vocabSize: number;
  readonly prefix: readonly number[] = [];
  readonly suffix: readonly number[] = [];
  readonly padId = 0;
  /** Hash of the word with id i + 1, as int32; ascending when read as unsigned. */
  readonly hashes: Int32Array;
  readonly oovBuckets: number;

  // Open addressing: the id stands beside its hash, 0 where a slot is free.
  readonly #mask: number;
  readonly #keys: Int32Array;
  readonly #values: Int32Array;
  readonly #stream = new TokenStream();
  readonly #sink = new TokenSink();
  #bytes = new Uint8Array(1 << 16);

  /** @param hashes of the words, in any order, each once */
  constructor(hashes: ArrayLike<number>, oovBuckets: number) {
    if (!(oovBuckets >= 1)) throw new Error(`WordVocabulary: oovBuckets must be at least 1, got ${oovBuckets}`);
    this.hashes = new Int32Array(Uint32Array.from(hashes).sort().buffer);
    this.oovBuckets = oovBuckets;
    this.vocabSize = 1 + this.hashes.length + oovBuckets;
    const slots = 2 ** Math.ceil(Math.log2(2 * this.hashes.length + 2));
    this.#mask = slots - 1;
    this.#keys = new Int32Array(slots);
    this.#values = new Int32Array(slots);
    this.hashes.forEach((hash, i) => {
      let slot = hash & this.#mask;
      while (this.#values[slot] !== 0) slot = (slot + 1) & this.#mask;
      this.#keys[slot] = hash;
      this.#values[slot] = i + 1;
    });
  }

  /** @throws CordonError model/damaged */
  static parse(json: unknown, where: string): WordVocabulary {
    const parsed = VocabularySchema.safeParse(json);
    const ascends = parsed.success && parsed.data.hashes.every((hash, i, all) => i === 0 || hash > all[i - 1]!);
    if (!ascends) throw new CordonError("model/damaged", "it is no vocabulary of words", { where, hint: "copy the whole folder again" });
    return new WordVocabulary(parsed.data.hashes, parsed.data.oovBuckets);
  }

  /** The text of vocabulary.json. */
  serialize(): string {
    const hashes = [...new Uint32Array(this.hashes.buffer)];
    const json: z.input<typeof VocabularySchema> = { kind: "words", hash: "murmur3-x86-32", oovBuckets: this.oovBuckets, hashes };
    return `${JSON.stringify(json)}\n`;
  }

  /** Id of a word's hash (int32): its own, or its bucket's. */
  idOf(hash: number): number {
    const mask = this.#mask;
    const keys = this.#keys;
    const values = this.#values;
    let slot = hash & mask;
    for (;;) {
      const id = values[slot]!;
      if (id === 0) return 1 + this.hashes.length + ((hash >>> 0) % this.oovBuckets);
      if (keys[slot] === hash) return id;
      slot = (slot + 1) & mask;
    }
  }

  encode(text: string): EncodedText {
    if (this.#bytes.length < text.length * 3) this.#bytes = new Uint8Array(text.length * 3);
    return this.encodeBytes(this.#bytes, 0, utf8.encodeInto(text, this.#bytes).written);
  }

  encodeBytes(bytes: Uint8Array, start: number, end: number): EncodedText {
    const stream = this.#stream;
    const sink = this.#sink;
    sink.count = 0;
    stream.open(bytes, start, end);
    while (stream.next() > 0) {
      sink.reserve(stream.count);
      this.#number(stream, sink);
      locate(stream, bytes, sink);
      sink.count += stream.count;
    }
    return sink.take();
  }

  /** Writes the ids of the stream's block. */
  #number({ count, hashes }: TokenStream, { ids, count: offset }: TokenSink): void {
    const mask = this.#mask;
    const keys = this.#keys;
    const values = this.#values;
    const words = this.hashes.length;
    const buckets = this.oovBuckets;
    for (let t = 0; t < count; t++) {
      const hash = hashes[t]!;
      let slot = hash & mask;
      let id = values[slot]!;
      while (id !== 0 && keys[slot] !== hash) {
        slot = (slot + 1) & mask;
        id = values[slot]!;
      }
      ids[offset + t] = id === 0 ? 1 + words + ((hash >>> 0) % buckets) : id;
    }
  }
}

/** Writes where in the text the tokens of the stream's block lie, in code points. */
function locate({ count, byteStart, byteEnd, firstCodePoint, lastCodePoint }: TokenStream, bytes: Uint8Array, sink: TokenSink): void {
  const { start, end, count: offset } = sink;
  const first = byteStart[0]!;
  if (byteEnd[count - 1]! - first === lastCodePoint - firstCodePoint) {
    const skew = firstCodePoint - first; // ASCII from end to end
    for (let t = 0; t < count; t++) {
      start[offset + t] = byteStart[t]! + skew;
      end[offset + t] = byteEnd[t]! + skew;
    }
    return;
  }
  let codePoint = firstCodePoint;
  let at = first;
  for (let t = 0; t < count; t++) {
    for (const from = byteStart[t]!; at < from; at++) if ((bytes[at]! & 0xc0) !== 0x80) codePoint++;
    start[offset + t] = codePoint;
    for (const to = byteEnd[t]!; at < to; at++) if ((bytes[at]! & 0xc0) !== 0x80) codePoint++;
    end[offset + t] = codePoint;
  }
}

/** Counts words, and makes a vocabulary of the most frequent. */
export class WordCounter {
  readonly #counts = new Map<number, number>();
  readonly #stream = new TokenStream(false);

  add(text: string): void {
    const bytes = utf8.encode(text);
    const stream = this.#stream;
    const counts = this.#counts;
    stream.open(bytes, 0, bytes.length);
    while (stream.next() > 0) {
      for (let t = 0; t < stream.count; t++) {
        const hash = stream.hashes[t]!;
        counts.set(hash, (counts.get(hash) ?? 0) + 1);
      }
    }
  }

  /**
   * @param options.minCount occurrences that a word needs
   * @param options.maxWords the most frequent are kept; among equals the lower hash
   */
  vocabulary(options: { minCount: number; maxWords: number; oovBuckets: number }): WordVocabulary {
    const words = [...this.#counts].filter(([, count]) => count >= options.minCount);
    words.sort(([a, m], [b, n]) => n - m || (a >>> 0) - (b >>> 0));
    return new WordVocabulary(
      Int32Array.from(words.slice(0, options.maxWords), ([hash]) => hash),
      options.oovBuckets,
    );
  }
}

/** The hash of a word, or undefined where the text is no single token of the stream. */
export function wordHash(text: string): number | undefined {
  const bytes = utf8.encode(text);
  single.open(bytes, 0, bytes.length);
  if (single.next() !== 1 || single.byteStart[0] !== 0 || single.byteEnd[0] !== bytes.length) return undefined;
  return single.hashes[0];
}

const utf8 = new TextEncoder();
const single = new TokenStream();
