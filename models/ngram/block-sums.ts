// Adds up the table's rows over the features of a block (features.ts). What stands here is how to have the sums fast;
// they are sums of integers, so none of it can change them:
//
// - One label: its weight and the mass are one 32-bit load, added where they are found.
// - Several: the block's rows are listed first, without those that are all zeros (a quarter of what a text asks for),
//   then added four columns at a time, which leaves the running sums in registers.
// - Character n-grams: a token's row and those of its n-grams are added up once and kept, since words come again.
import { BLOCK_TOKENS, type TokenStream } from "#models/text/token-stream";
import { MULTIPLIER, type NgramFeatures, characterFeatures, maxTokenFeatures } from "./features.ts";
import { TokenCache } from "./token-cache.ts";

// An imported constant is looked up at each use; a module's own is compiled in.
const FOLD = MULTIPLIER;

/** Columns added at a time. Rows of several labels and all sums are at least so wide. */
const STRIP = 4;

/** Length of the sums of so many columns: the columns, then what fills the last strip. */
export function sumsLength(columns: number): number {
  return Math.ceil(columns / STRIP) * STRIP;
}

export class BlockSums {
  readonly #features: NgramFeatures;
  readonly #shift: number;
  /** (2^bits, #stride) */
  readonly #table: Int16Array;
  readonly #stride: number;
  /** (2^bits) one label's weight in the low half, the mass in the high half; null where there are more labels. */
  readonly #pairs: Int32Array | null;
  /** (2^bits) a bit per row: 1 where any of its numbers is not 0. */
  readonly #filled: Int32Array;
  /** Where in the table the listed rows begin. */
  readonly #rows: Int32Array;
  /** Sums of single tokens and their character n-grams; null for words only. */
  readonly #cache: TokenCache | null;
  readonly #tokenBuckets: Int32Array;
  readonly #tokenSums: Int32Array;

  /** @param table (2^bits, columns) row by row, two columns or more. Not copied, but for three columns. */
  constructor(features: NgramFeatures, table: Int16Array, columns: number) {
    const buckets = 2 ** features.bits;
    this.#features = features;
    this.#shift = 32 - features.bits;
    this.#stride = columns === 2 ? 2 : Math.max(STRIP, columns);
    this.#table = this.#stride === columns ? table : widened(table, columns, this.#stride);
    this.#pairs = columns === 2 ? new Int32Array(table.buffer, table.byteOffset, buckets) : null;
    this.#filled =
      this.#pairs !== null && features.charNgrams === null ? new Int32Array(0) : filledRows(this.#table, this.#stride, buckets);
    this.#cache = features.charNgrams === null ? null : new TokenCache(sumsLength(columns), BLOCK_TOKENS);
    this.#tokenBuckets = new Int32Array(maxTokenFeatures(features));
    this.#tokenSums = new Int32Array(sumsLength(columns));
    // One more than can be listed, as a row is written down before it is known whether it counts.
    this.#rows = new Int32Array(Math.max(2 * BLOCK_TOKENS, this.#tokenBuckets.length) + 1);
  }

  /** Puts the sums of the stream's current block into `sums`. `previous` is the hash of the token before the block. */
  sum(stream: TokenStream, bytes: Uint8Array, previous: number, sums: Int32Array): void {
    if (this.#cache !== null) {
      this.#sumRows(this.#listWords(stream, previous, false), sums);
      this.#addTokens(this.#cache, stream, bytes, sums);
    } else if (this.#pairs !== null) {
      this.#sumPairs(this.#pairs, stream, previous, sums);
    } else {
      this.#sumRows(this.#listWords(stream, previous, true), sums);
    }
  }

  /** Sums the rows of the block's tokens and token pairs for one label. */
  #sumPairs(pairs: Int32Array, stream: TokenStream, previous: number, sums: Int32Array): void {
    const { hashes, count } = stream;
    const shift = this.#shift;
    let last = previous;
    let weight = 0;
    let mass = 0;
    for (let t = 0; t < count; t++) {
      const hash = hashes[t]!;
      const one = pairs[hash >>> shift]!;
      const two = pairs[(Math.imul(last, FOLD) + hash) >>> shift]!;
      weight = (weight + ((one << 16) >> 16) + ((two << 16) >> 16)) | 0;
      mass = (mass + (one >> 16) + (two >> 16)) | 0;
      last = hash;
    }
    sums[0] = weight;
    sums[1] = mass;
  }

  /** Lists the rows of the block's token pairs, and of its tokens where asked. Returns how many. */
  #listWords(stream: TokenStream, previous: number, tokens: boolean): number {
    const { hashes, count } = stream;
    const filled = this.#filled;
    const stride = this.#stride;
    const shift = this.#shift;
    const rows = this.#rows;
    let last = previous;
    let n = 0;
    for (let t = 0; t < count; t++) {
      const hash = hashes[t]!;
      const pair = (Math.imul(last, FOLD) + hash) >>> shift;
      last = hash;
      rows[n] = Math.imul(pair, stride);
      n += (filled[pair >>> 5]! >>> pair) & 1; // a branch would be guessed wrong too often
      if (!tokens) continue;
      const token = hash >>> shift;
      rows[n] = Math.imul(token, stride);
      n += (filled[token >>> 5]! >>> token) & 1;
    }
    return n;
  }

  /** Adds the rows of the block's tokens and of their character n-grams. */
  #addTokens(cache: TokenCache, stream: TokenStream, bytes: Uint8Array, sums: Int32Array): void {
    const missing = cache.nameKept(stream);
    for (let i = 0; i < missing; i++) {
      const t = cache.missing[i]!;
      this.#sumRows(this.#listToken(stream.hashes[t]!, bytes, stream.byteStart[t]!, stream.byteEnd[t]!), this.#tokenSums);
      cache.keep(stream, t, this.#tokenSums, sums);
    }
    cache.addNamed(sums);
  }

  /** Lists the rows of one token and of its character n-grams. Returns how many. */
  #listToken(hash: number, bytes: Uint8Array, start: number, end: number): number {
    const buckets = this.#tokenBuckets;
    const filled = this.#filled;
    buckets[0] = hash >>> this.#shift;
    const count = characterFeatures(this.#features, bytes, start, end, buckets, 1);
    let n = 0;
    for (let i = 0; i < count; i++) {
      const bucket = buckets[i]!;
      this.#rows[n] = bucket * this.#stride;
      n += (filled[bucket >>> 5]! >>> bucket) & 1;
    }
    return n;
  }

  /** Puts the sums of the first `n` listed rows into `sums`. */
  #sumRows(n: number, sums: Int32Array): void {
    const table = this.#table;
    const rows = this.#rows;
    const stride = this.#stride;
    if (stride === 2) {
      let weight = 0;
      let mass = 0;
      for (let i = 0; i < n; i++) {
        weight = (weight + table[rows[i]!]!) | 0;
        mass = (mass + table[rows[i]! + 1]!) | 0;
      }
      sums[0] = weight;
      sums[1] = mass;
      return;
    }
    for (let strip = 0; strip < stride; strip += STRIP) {
      // The last strip begins earlier where it would not fit, and sets the same sums again.
      const c = Math.min(strip, stride - STRIP);
      let s0 = 0;
      let s1 = 0;
      let s2 = 0;
      let s3 = 0;
      for (let i = 0; i < n; i++) {
        const at = rows[i]! + c;
        s0 = (s0 + table[at]!) | 0;
        s1 = (s1 + table[at + 1]!) | 0;
        s2 = (s2 + table[at + 2]!) | 0;
        s3 = (s3 + table[at + 3]!) | 0;
      }
      sums[c] = s0;
      sums[c + 1] = s1;
      sums[c + 2] = s2;
      sums[c + 3] = s3;
    }
  }
}

/** The table with zeros behind each row's columns. */
function widened(table: Int16Array, columns: number, stride: number): Int16Array {
  const wide = new Int16Array((table.length / columns) * stride);
  for (let from = 0, to = 0; from < table.length; from += columns, to += stride) {
    for (let c = 0; c < columns; c++) wide[to + c] = table[from + c]!;
  }
  return wide;
}

function filledRows(table: Int16Array, stride: number, rows: number): Int32Array {
  const filled = new Int32Array(Math.ceil(rows / 32));
  for (let row = 0; row < rows; row++) {
    for (let c = 0; c < stride; c++) {
      if (table[row * stride + c] === 0) continue;
      filled[row >>> 5]! |= 1 << row;
      break;
    }
  }
  return filled;
}
