// Keeps the sums of single tokens with their character n-grams: words come again, and to add kept sums is some ten times
// cheaper than to hash a dozen n-grams and add their rows. Direct-mapped by the token's hash.
//
// A slot answers only for the very token it was filled for, so what is kept cannot change a sum. To compare a token's
// length, its hash and all its bytes but the last one to four is to compare it whole: each step of MurmurHash3 can be
// undone, so that, given all before, the hash tells the last bytes.
import type { TokenStream } from "#models/text/token-stream";

/** With 22 labels 3 MiB of sums and 1 MiB of keys, of which the part that is read often stays in a processor's second-level cache. */
const SLOTS = 1 << 15;
/** A key: hash, length in bytes (0 in an empty slot), then four bytes an integer, as far as KEY goes. */
const KEY = 8;
/** Longer tokens are not kept. In bytes. */
const LONGEST = (KEY - 2) * 4 + 4;
/** Columns added at a time, which leaves the running sums in registers. */
const STRIP = 4;

export class TokenCache {
  /** Numbers a token, a multiple of STRIP. */
  readonly #width: number;
  /** (SLOTS + 1, #width); the last row is for tokens that are too long to be kept. */
  readonly #sums: Int32Array;
  /** (SLOTS + 1, KEY) */
  readonly #keys = new Int32Array((SLOTS + 1) * KEY);
  /** (SLOTS + 1) the round in which a slot was named last. */
  readonly #namedIn = new Int32Array(SLOTS + 1);
  #round = 1;
  /** Slots named in this round, to be added at its end. */
  readonly #named: Int32Array;
  #count = 0;
  /** Tokens of the block that nameKept did not find. */
  readonly missing: Int32Array;

  /** @param most tokens in a block */
  constructor(width: number, most: number) {
    this.#width = width;
    this.#sums = new Int32Array((SLOTS + 1) * width);
    this.#named = new Int32Array(most);
    this.missing = new Int32Array(most);
  }

  /** Names those of the block's tokens that are kept, and writes the others to `missing`. Returns how many are missing. */
  nameKept(stream: TokenStream): number {
    const { view, hashes, byteStart, byteEnd, count } = stream;
    const keys = this.#keys;
    const named = this.#named;
    const missing = this.missing;
    const namedIn = this.#namedIn;
    const round = this.#round;
    let found = this.#count;
    let lost = 0;
    for (let t = 0; t < count; t++) {
      const hash = hashes[t]!;
      const start = byteStart[t]!;
      const end = byteEnd[t]!;
      const slot = hash & (SLOTS - 1);
      let key = slot * KEY;
      let same = keys[key] === hash && keys[key + 1] === end - start;
      key += 2;
      for (let i = start + 4; i < end && same; i += 4) same = keys[key++] === lowerFour(view.getInt32(i - 4, true));
      if (same) {
        named[found++] = slot;
        namedIn[slot] = round;
      } else {
        missing[lost++] = t;
      }
    }
    this.#count = found;
    return lost;
  }

  /** Keeps the sums of the block's token `t`, and names it. Where that must make room, the named are added to `total`. */
  keep(stream: TokenStream, t: number, sums: Int32Array, total: Int32Array): void {
    const hash = stream.hashes[t]!;
    const start = stream.byteStart[t]!;
    const end = stream.byteEnd[t]!;
    const slot = end - start <= LONGEST ? hash & (SLOTS - 1) : SLOTS;
    if (this.#namedIn[slot] === this.#round) this.addNamed(total);
    if (slot < SLOTS) {
      let key = slot * KEY;
      this.#keys[key++] = hash;
      this.#keys[key++] = end - start;
      for (let i = start + 4; i < end; i += 4) this.#keys[key++] = lowerFour(stream.view.getInt32(i - 4, true));
    }
    for (let c = 0; c < this.#width; c++) this.#sums[slot * this.#width + c] = sums[c]!;
    this.#namedIn[slot] = this.#round;
    this.#named[this.#count++] = slot;
  }

  /** Adds the sums of all tokens named since the last call to `total`. */
  addNamed(total: Int32Array): void {
    const named = this.#named;
    const sums = this.#sums;
    const width = this.#width;
    const count = this.#count;
    for (let c = 0; c < width; c += STRIP) {
      let s0 = total[c]!;
      let s1 = total[c + 1]!;
      let s2 = total[c + 2]!;
      let s3 = total[c + 3]!;
      for (let i = 0; i < count; i++) {
        const at = named[i]! * width + c;
        s0 = (s0 + sums[at]!) | 0;
        s1 = (s1 + sums[at + 1]!) | 0;
        s2 = (s2 + sums[at + 2]!) | 0;
        s3 = (s3 + sums[at + 3]!) | 0;
      }
      total[c] = s0;
      total[c + 1] = s1;
      total[c + 2] = s2;
      total[c + 3] = s3;
    }
    this.#count = 0;
    this.#round = (this.#round + 1) | 0;
  }
}

/** Four of a word's bytes, ASCII letters in lower case. (Beyond ASCII bit 5 tells bytes apart, so those four stay.) */
function lowerFour(four: number): number {
  return (four & 0x80808080) === 0 ? four | 0x20202020 : four;
}
