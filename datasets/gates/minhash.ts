// MinHash (Broder 1997): the share of equal minima under random permutations estimates the Jaccard similarity of two
// texts' sets of word shingles. 128 permutations of which 16 bits each are kept (b-bit minwise hashing, Li and König 2010):
// 256 bytes a text, a standard error of at most 0.044.
//
// A permutation is an exclusive or and a multiplication by an odd number, modulo 2³². Texts have thousands of shingles at
// most, so 32 bits make no ties that matter.
import { Random } from "#models/random";
import { TokenStream } from "#models/text/token-stream";

export const PERMUTATIONS = 128;

const encoder = new TextEncoder();

export class MinHasher {
  readonly #words: number;
  readonly #xor = new Int32Array(PERMUTATIONS);
  readonly #multiply = new Int32Array(PERMUTATIONS);
  readonly #minima = new Uint32Array(PERMUTATIONS);
  readonly #stream = new TokenStream();
  #scratch = new Uint8Array(4096);

  /** @param words of a shingle; a text of fewer words is one shingle */
  constructor(words: number) {
    this.#words = words;
    const random = new Random(1, "minhash");
    for (let k = 0; k < PERMUTATIONS; k++) {
      this.#xor[k] = random.below(2 ** 32) | 0;
      this.#multiply[k] = random.below(2 ** 32) | 1;
    }
  }

  /** Writes the signature of a text to `into`, (PERMUTATIONS) the low 16 bits of each minimum. */
  signature(text: string, into: Uint16Array): void {
    const minima = this.#minima.fill(0xffffffff);
    for (const shingle of this.shingles(text)) {
      for (let k = 0; k < PERMUTATIONS; k++) {
        const hash = Math.imul(shingle ^ this.#xor[k]!, this.#multiply[k]!) >>> 0;
        if (hash < minima[k]!) minima[k] = hash;
      }
    }
    into.set(minima);
  }

  /** Hashes of the shingles of a text, int32: the model's own tokens, lower-cased, ASCII punctuation left out. */
  shingles(text: string): Int32Array {
    if (this.#scratch.length < text.length * 3) this.#scratch = new Uint8Array(text.length * 3);
    const bytes = this.#scratch;
    const stream = this.#stream;
    const words: number[] = [];
    stream.open(bytes, 0, encoder.encodeInto(text, bytes).written);
    for (let tokens = stream.next(); tokens > 0; tokens = stream.next()) {
      for (let i = 0; i < tokens; i++) {
        const start = stream.byteStart[i]!;
        if (stream.byteEnd[i]! - start > 1 || isWordByte(bytes[start]!)) words.push(stream.hashes[i]!);
      }
    }
    const size = Math.min(this.#words, Math.max(1, words.length));
    const shingles = new Int32Array(Math.max(1, words.length - size + 1));
    for (let first = 0; first < shingles.length; first++) {
      let hash = size;
      for (let i = first; i < first + size && i < words.length; i++) {
        hash = Math.imul(hash ^ words[i]!, 0x85ebca6b);
        hash ^= hash >>> 13;
      }
      hash = Math.imul(hash, 0xc2b2ae35);
      shingles[first] = hash ^ (hash >>> 16);
    }
    return shingles;
  }
}

/** Estimated Jaccard similarity, 0 to 1, of the texts whose signatures begin at these places. */
export function similarity(a: Uint16Array, aStart: number, b: Uint16Array, bStart: number): number {
  let equal = 0;
  for (let k = 0; k < PERMUTATIONS; k++) if (a[aStart + k] === b[bStart + k]) equal++;
  return equal / PERMUTATIONS;
}

/** An ASCII letter or digit. */
function isWordByte(byte: number): boolean {
  return (byte >= 48 && byte <= 57) || (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
}
