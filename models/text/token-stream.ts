// Cuts UTF-8 text into tokens and hashes them, exactly as the exported ONNX graph does with stock operators:
// StringNormalizer (ASCII lower case) → Tokenizer ([\p{L}\p{N}]+|[^\s\p{L}\p{N}]) → MurmurHash3 (x86, 32 bit,
// seed 0; https://github.com/aappleby/smhasher). Training, filtering and serving all read text through here.
//
// This is the hot loop of the whole project: plain code over typed arrays, no allocation, no calls per character.
// A loop over bytes spends most of its time on guessing wrong where a token ends. So ASCII is read 32 bytes at a time:
// first a bit for each byte (of a word? a space?), found for four bytes at once in one integer; then the tokens are
// picked off those bits, as simdjson does (https://arxiv.org/abs/1902.08318), almost without branches to guess. All
// else goes byte by byte: 32 bytes with one beyond ASCII among them, a word longer than that, the end of the text.
import { CHARACTER_CLASS, SPACE, WORD } from "./character-classes.ts";

/** Tokens per block; a scoring window is two blocks. */
export const BLOCK_TOKENS = 128;

// An imported or exported constant is looked up at each use; a module's own is compiled in.
const CAPACITY = BLOCK_TOKENS;
const CLASS = CHARACTER_CLASS;
const IN_WORD = WORD;

/** Lower-cased byte of an ASCII word character, 0 for every other byte. */
const ASCII_WORD = new Uint8Array(256);
for (let b = 0; b < 128; b++) if (CHARACTER_CLASS[b] === WORD) ASCII_WORD[b] = b >= 65 && b <= 90 ? b + 32 : b;
/** 1 for an ASCII white-space byte. No character beyond ASCII is white space. */
const ASCII_SPACE = new Uint8Array(256);
for (let b = 0; b < 128; b++) if (CHARACTER_CLASS[b] === SPACE) ASCII_SPACE[b] = 1;

const C1 = 0xcc9e2d51 | 0;
const C2 = 0x1b873593;

/** ASCII bytes read at a time. */
const GROUP = 32;
/** Bytes that must follow a group in memory, since its tokens' bytes are read eight at a time. */
const BEYOND = 8;
/** Multiplying by this moves bits 31, 27, 23, … 3 of an integer into its top byte. */
const GATHER = 0x204081;

/** Reads a text block by block. One stream serves any number of texts, one after the other. */
export class TokenStream {
  /** Tokens in the current block, 0 to BLOCK_TOKENS. */
  count = 0;
  /** MurmurHash3 of each token, as int32. */
  readonly hashes: Int32Array = new Int32Array(BLOCK_TOKENS);
  /** Where each token lies in the bytes. */
  readonly byteStart: Int32Array = new Int32Array(BLOCK_TOKENS);
  readonly byteEnd: Int32Array = new Int32Array(BLOCK_TOKENS);
  /** Code-point offset of the block's first token's start and of its last token's end. */
  firstCodePoint = 0;
  lastCodePoint = 0;
  /** Code points read so far; after the last block, the length of the text. */
  codePoints = 0;

  /** The bytes that the text is in, to read four of them at any place. */
  view: DataView = new DataView(new ArrayBuffer(0));

  readonly #places: boolean;
  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;
  #end = 0;
  /** Where the block's last token ends. */
  #lastEnd = 0;
  /** Up to where tokens are to be read byte by byte. */
  #slowEnd = 0;
  /** Taken off a position it gives a code-point offset: where the text starts, and the continuation bytes so far. */
  #skew = 0;

  /** @param places false to leave byteStart and byteEnd unset, which is a little faster. */
  constructor(places = true) {
    this.#places = places;
  }

  /** Begins a text: `bytes[start, end)`, valid UTF-8. */
  open(bytes: Uint8Array, start: number, end: number): void {
    if (bytes !== this.#bytes) this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
    this.#skew = start;
    this.codePoints = 0;
  }

  /** Reads the next block. Returns its number of tokens; 0 at the end of the text. */
  next(): number {
    const bytes = this.#bytes;
    const end = this.#end;
    let i = this.#position;
    while (i < end && ASCII_SPACE[bytes[i]!] === 1) i++;
    this.firstCodePoint = i - this.#skew;
    this.#position = i;
    this.count = 0;
    // Two methods in turn, neither of which calls anything: after a call, all that was known of the arrays is checked anew.
    while (this.#position < end && this.count < CAPACITY) {
      this.#readGroups();
      this.#readBytes();
    }
    this.lastCodePoint = this.#lastEnd - this.#skew;
    this.codePoints = this.#position - this.#skew;
    return this.count;
  }

  /** Reads as long as there are 32 bytes of ASCII, and sets #slowEnd to where the rest may be tried. */
  #readGroups(): void {
    const view = this.view;
    const lastGroup = Math.min(this.#end - GROUP, view.byteLength - GROUP - BEYOND);
    const places = this.#places;
    const { hashes, byteStart, byteEnd } = this;
    let lastEnd = this.#lastEnd;
    let count = this.count;
    let i = this.#position;
    let slowEnd = this.#end;
    while (i <= lastGroup && count < CAPACITY) {
      const group = i;
      slowEnd = group + GROUP;
      if (view.getInt8(group) < 0) break; // in another script, every group would be looked at in vain
      // A bit per byte, the first the highest.
      let words = 0;
      let notSpaces = 0;
      let seen = 0;
      for (let j = group; j < group + GROUP; j += 8) {
        // Each sum carries into its byte's high bit from some byte on: 0x61 + 0x1f = 0x80. ("a" to "z" and "0" to "9".)
        const a = view.getInt32(j);
        const lowerA = a | 0x20202020;
        const wordA = ((lowerA + 0x1f1f1f1f) & ~(lowerA + 0x05050505)) | ((a + 0x50505050) & ~(a + 0x46464646));
        const notSpaceA = (a ^ 0x20202020) + 0x7f7f7f7f;
        const b = view.getInt32(j + 4);
        const lowerB = b | 0x20202020;
        const wordB = ((lowerB + 0x1f1f1f1f) & ~(lowerB + 0x05050505)) | ((b + 0x50505050) & ~(b + 0x46464646));
        const notSpaceB = (b ^ 0x20202020) + 0x7f7f7f7f;
        seen |= a | b;
        words = (words << 8) | (Math.imul((wordA & 0x80808080) | ((wordB >>> 4) & 0x08080808), GATHER) >>> 24);
        notSpaces = (notSpaces << 8) | (Math.imul((notSpaceA & 0x80808080) | ((notSpaceB >>> 4) & 0x08080808), GATHER) >>> 24);
      }
      if ((seen & 0x80808080) !== 0) break;
      i = slowEnd;
      let starts = (words & ~(words >>> 1)) | (notSpaces & ~words);
      while (starts !== 0) {
        const first = Math.clz32(starts);
        starts &= 0x7fffffff >>> first;
        const start = group + first;
        const length = Math.clz32(~(words << first)); // 0 where it is no word
        if (first + length >= GROUP || count === CAPACITY) {
          // May go on behind the group: the next group begins here.
          i = start;
          break;
        }
        const head = view.getInt32(start, true);
        if ((head & 0xff) < 0x20 && ASCII_SPACE[head & 0xff] === 1) continue; // the notSpaces were only not U+0020
        const symbol = (length - 1) >> 31;
        const size = length - symbol;
        const fold = ~symbol & 0x20202020; // lower-cases a letter, leaves a digit
        let h = 0;
        let k: number;
        if (size < 8) {
          // Nine tokens in ten. Mixes the first four bytes in any case, and takes that back where there are fewer.
          const whole = (3 - size) >> 31;
          k = Math.imul(head | fold, C1);
          h = Math.imul((k << 15) | (k >>> 17), C2);
          h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) & whole;
          k = (head & ~whole) | (view.getInt32(start + 4, true) & whole);
        } else {
          const tail = start + (size & ~3);
          for (let j = start; j < tail; j += 4) {
            k = Math.imul(view.getInt32(j, true) | fold, C1);
            h ^= Math.imul((k << 15) | (k >>> 17), C2);
            h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
          }
          k = view.getInt32(tail, true);
        }
        k = Math.imul((k | fold) & ~(-1 << ((size & 3) << 3)), C1);
        h ^= Math.imul((k << 15) | (k >>> 17), C2) ^ size;
        h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
        h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
        hashes[count] = h ^ (h >>> 16);
        lastEnd = start + size;
        if (places) {
          byteStart[count] = start;
          byteEnd[count] = lastEnd;
        }
        count++;
      }
      if (i === group) {
        slowEnd = group + 1;
        break;
      }
      slowEnd = this.#end;
    }
    this.#lastEnd = lastEnd;
    this.#position = i;
    this.#slowEnd = slowEnd;
    this.count = count;
  }

  /** Reads the tokens that start before #slowEnd. */
  #readBytes(): void {
    const bytes = this.#bytes;
    const end = this.#end;
    const until = this.#slowEnd;
    const { hashes, byteStart, byteEnd } = this;
    let skew = this.#skew;
    let count = this.count;
    let i = this.#position;
    while (i < until && count < CAPACITY) {
      if (ASCII_SPACE[bytes[i]!] === 1) {
        i++;
        continue;
      }
      const start = i;
      let h = 0;
      let k = 0;
      let symbol = false;
      while (i < end && !symbol) {
        const byte = bytes[i]!;
        const lower = ASCII_WORD[byte]!;
        if (lower !== 0) {
          k |= lower << ((i - start) << 3);
          i++;
          if (((i - start) & 3) !== 0) continue;
          k = Math.imul(k, C1);
          h ^= Math.imul((k << 15) | (k >>> 17), C2);
          h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
          k = 0;
          continue;
        }
        // The end of a word, a symbol, or a word character beyond ASCII.
        let size = 1;
        if (byte < 0x80) {
          if (i > start) break;
          symbol = true;
        } else {
          let codePoint: number;
          if (byte < 0xe0) {
            codePoint = ((byte & 0x1f) << 6) | (bytes[i + 1]! & 0x3f);
            size = 2;
          } else if (byte < 0xf0) {
            codePoint = ((byte & 0x0f) << 12) | ((bytes[i + 1]! & 0x3f) << 6) | (bytes[i + 2]! & 0x3f);
            size = 3;
          } else {
            codePoint = ((byte & 0x07) << 18) | ((bytes[i + 1]! & 0x3f) << 12) | ((bytes[i + 2]! & 0x3f) << 6) | (bytes[i + 3]! & 0x3f);
            size = 4;
          }
          if (CLASS[codePoint] !== IN_WORD) {
            if (i > start) break;
            symbol = true; // this code point is the whole token
          }
          skew += size - 1;
        }
        for (const stop = i + size; i < stop;) {
          k |= bytes[i]! << ((i - start) << 3);
          i++;
          if (((i - start) & 3) !== 0) continue;
          k = Math.imul(k, C1);
          h ^= Math.imul((k << 15) | (k >>> 17), C2);
          h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
          k = 0;
        }
      }
      k = Math.imul(k, C1);
      h ^= Math.imul((k << 15) | (k >>> 17), C2) ^ (i - start);
      h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
      h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
      hashes[count] = h ^ (h >>> 16);
      byteStart[count] = start;
      byteEnd[count] = i;
      this.#lastEnd = i;
      count++;
    }
    this.#skew = skew;
    this.#position = i;
    this.count = count;
  }
}
