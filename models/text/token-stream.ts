// Cuts UTF-8 text into tokens and hashes them, exactly as the exported ONNX graph does with stock operators:
// StringNormalizer (ASCII lower case) → Tokenizer ([\p{L}\p{N}]+|[^\s\p{L}\p{N}]) → MurmurHash3 (x86, 32 bit,
// seed 0; https://github.com/aappleby/smhasher). Training, filtering and serving all read text through here.
//
// This is the hot loop of the whole project: plain code over typed arrays, no allocation, no calls per character.
import { CHARACTER_CLASS, SPACE, WORD } from "./character-classes.ts";

/** Tokens per block; a scoring window is two blocks. */
export const BLOCK_TOKENS = 128;

/** Lower-cased byte of an ASCII word character, 0 for every other byte. */
const ASCII_WORD = new Uint8Array(256);
for (let b = 0; b < 128; b++) if (CHARACTER_CLASS[b] === WORD) ASCII_WORD[b] = b >= 65 && b <= 90 ? b + 32 : b;
/** 1 for an ASCII white-space byte. */
const ASCII_SPACE = new Uint8Array(256);
for (let b = 0; b < 128; b++) if (CHARACTER_CLASS[b] === SPACE) ASCII_SPACE[b] = 1;

const C1 = 0xcc9e2d51 | 0;
const C2 = 0x1b873593;

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

  #bytes: Uint8Array = new Uint8Array(0);
  #position = 0;
  #end = 0;

  /** Begins a text: `bytes[start, end)`, valid UTF-8. */
  open(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes = bytes;
    this.#position = start;
    this.#end = end;
    this.codePoints = 0;
  }

  /** Reads the next block. Returns its number of tokens; 0 at the end of the text. */
  next(): number {
    const bytes = this.#bytes;
    const end = this.#end;
    const { hashes, byteStart, byteEnd } = this;
    let i = this.#position;
    let codePoints = this.codePoints;
    let count = 0;

    while (i < end && count < BLOCK_TOKENS) {
      const first = bytes[i]!;
      if (ASCII_SPACE[first] === 1) {
        i++;
        codePoints++;
        continue;
      }
      const tokenStart = i;
      const tokenCodePoint = codePoints;
      let h = 0;
      let k = 0;
      let length = 0;
      let symbol = false;

      while (i < end && !symbol) {
        const byte = bytes[i]!;
        const lower = ASCII_WORD[byte]!;
        if (lower !== 0) {
          k |= lower << (length << 3);
          i++;
          codePoints++;
          if (++length & 3) continue;
          k = Math.imul(k, C1);
          h ^= Math.imul((k << 15) | (k >>> 17), C2);
          h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
          k = 0;
          continue;
        }
        // Not an ASCII word character: the end of a word, a symbol, or a longer code point.
        const started = i > tokenStart;
        let size = 1;
        if (byte >= 0x80) {
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
          if (CHARACTER_CLASS[codePoint] !== WORD) {
            if (started) break;
            symbol = true; // this code point is the whole token
          }
        } else {
          if (started) break;
          symbol = true;
        }
        codePoints++;
        for (const stop = i + size; i < stop; i++) {
          k |= bytes[i]! << (length << 3);
          if (++length & 3) continue;
          k = Math.imul(k, C1);
          h ^= Math.imul((k << 15) | (k >>> 17), C2);
          h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
          k = 0;
        }
      }
      if (length & 3) {
        k = Math.imul(k, C1);
        h ^= Math.imul((k << 15) | (k >>> 17), C2);
      }
      h ^= length;
      h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
      h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
      hashes[count] = h ^ (h >>> 16);
      byteStart[count] = tokenStart;
      byteEnd[count] = i;
      if (count++ === 0) this.firstCodePoint = tokenCodePoint;
      this.lastCodePoint = codePoints;
    }
    this.#position = i;
    this.codePoints = codePoints;
    this.count = count;
    return count;
  }
}
