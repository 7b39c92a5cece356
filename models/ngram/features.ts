// The features of the n-gram model: hashed tokens, pairs of neighbouring tokens and, where the model has them,
// character n-grams inside a token (between a start and an end mark, as in fastText's subwords, arXiv 1607.04606).
// Every feature is a bucket in [0, 2^bits). The same arithmetic stands in the ONNX graph (onnx-graph.ts), in int64.
import { BLOCK_TOKENS, TokenStream } from "#models/text/token-stream";

/** Folds a next hash into a feature: x·MULTIPLIER + hash mod 2^32. Below 2^31, so that int64 arithmetic cannot overflow. */
export const MULTIPLIER = 0x5bd1e995;
/** What stands before a text's first token. */
export const BEFORE_FIRST = 0x3c6ef372;

/** Character n-grams are taken of a token's first characters only, which bounds what one token can cost. In code points. */
export const MAX_TOKEN_CHARACTERS = 32;

export interface NgramFeatures {
  /** log2 of the number of buckets, 10 to 24. */
  bits: number;
  /** Lengths of the character n-grams, marks included; null for words only. */
  charNgrams: { min: number; max: number } | null;
}

// An imported or exported constant is looked up at each use; a module's own is compiled in.
const FOLD = MULTIPLIER;

/** Character hashes of the start and end mark (U+0002, U+0003), as int32. */
const START_MARK = murmur3(Uint8Array.of(2), 0, 1);
const END_MARK = murmur3(Uint8Array.of(3), 0, 1);
const ASCII_HASH = new Int32Array(128).map((_, c) => murmur3(Uint8Array.of(c >= 65 && c <= 90 ? c + 32 : c), 0, 1));

/**
 * Appends the buckets of the stream's current block to `out` from `offset` on, and returns the new offset.
 * `out` must have room for `maxFeatures(features)` more. `previous` is the hash of the token before the block.
 */
export function blockFeatures(
  features: NgramFeatures,
  stream: TokenStream,
  bytes: Uint8Array,
  previous: number,
  out: Int32Array,
  offset: number,
): number {
  const shift = 32 - features.bits;
  const { hashes, count } = stream;
  let last = previous;
  for (let t = 0; t < count; t++) {
    const hash = hashes[t]!;
    out[offset++] = hash >>> shift;
    out[offset++] = (Math.imul(last, FOLD) + hash) >>> shift;
    last = hash;
  }
  if (features.charNgrams !== null) {
    for (let t = 0; t < count; t++) offset = characterFeatures(features, bytes, stream.byteStart[t]!, stream.byteEnd[t]!, out, offset);
  }
  return offset;
}

/** Upper bound of the features of one block. */
export function maxFeatures(features: NgramFeatures): number {
  return BLOCK_TOKENS * (1 + maxTokenFeatures(features));
}

/** Upper bound of the features of one token: itself and its character n-grams. */
export function maxTokenFeatures(features: NgramFeatures): number {
  const sizes = features.charNgrams === null ? 0 : features.charNgrams.max - features.charNgrams.min + 1;
  return 1 + sizes * (MAX_TOKEN_CHARACTERS + 2);
}

const characters = new Int32Array(MAX_TOKEN_CHARACTERS + 2);

/** Appends the buckets of the character n-grams of the token `bytes[start, end)`; otherwise as blockFeatures. */
export function characterFeatures(
  features: NgramFeatures,
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Int32Array,
  offset: number,
): number {
  const { min, max } = features.charNgrams!;
  const shift = 32 - features.bits;
  let count = 0;
  characters[count++] = START_MARK;
  for (let i = start; i < end && count <= MAX_TOKEN_CHARACTERS;) {
    const byte = bytes[i]!;
    const size = byte < 0x80 ? 1 : byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
    characters[count++] = size === 1 ? ASCII_HASH[byte]! : murmur3(bytes, i, i + size);
    i += size;
  }
  characters[count++] = END_MARK;
  for (let i = 0; i + min <= count; i++) {
    let x = 0;
    const stop = Math.min(count, i + max);
    for (let j = i; j < stop; j++) {
      x = (Math.imul(x, FOLD) + characters[j]!) | 0;
      if (j - i + 1 >= min) out[offset++] = x >>> shift;
    }
  }
  return offset;
}

/** MurmurHash3 x86 32 bit of bytes[start, end), at most four bytes, seed 0, as int32. */
function murmur3(bytes: Uint8Array, start: number, end: number): number {
  let k = 0;
  for (let i = start; i < end; i++) k |= bytes[i]! << ((i - start) << 3);
  k = Math.imul(k, 0xcc9e2d51);
  let h = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
  if (end - start === 4) h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  h ^= end - start;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The bucket of one word as a single token. */
export function wordBucket(features: NgramFeatures, word: string): number {
  const bytes = new TextEncoder().encode(word);
  const stream = new TokenStream();
  stream.open(bytes, 0, bytes.length);
  if (stream.next() !== 1) throw new Error(`wordBucket: requires one token, got ${stream.count}`);
  return stream.hashes[0]! >>> (32 - features.bits);
}
