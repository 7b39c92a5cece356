// A text as the token hashes that training and serving read (models/text/token-stream.ts), and n-grams of them as numbers.
import { TokenStream } from "#models/text/token-stream";

export interface Tokens {
  /** The text in UTF-8. */
  bytes: Uint8Array;
  /** (t) MurmurHash3 of each token, ASCII lower case. */
  hashes: Int32Array;
  /** (t) where each token lies in `bytes`. */
  starts: Int32Array;
  ends: Int32Array;
}

const encoder = new TextEncoder();
const stream = new TokenStream();

export function tokensOf(text: string): Tokens {
  const bytes = encoder.encode(text);
  const blocks: Omit<Tokens, "bytes">[] = [];
  stream.open(bytes, 0, bytes.length);
  for (let count = stream.next(); count > 0; count = stream.next()) {
    blocks.push({
      hashes: stream.hashes.slice(0, count),
      starts: stream.byteStart.slice(0, count),
      ends: stream.byteEnd.slice(0, count),
    });
  }
  if (blocks.length === 1) return { bytes, ...blocks[0]! };
  const joined = (name: "hashes" | "starts" | "ends") => Int32Array.from(blocks.flatMap((block) => [...block[name]]));
  return { bytes, hashes: joined("hashes"), starts: joined("starts"), ends: joined("ends") };
}

/**
 * The n-grams of token hashes (t), in order: t − n + 1 whole numbers below 2^53, none where the text is shorter. Two
 * different n-grams of a million share a number with a probability of one in ten thousand.
 */
export function gramKeys(hashes: Int32Array, n: number): Float64Array {
  const keys = new Float64Array(Math.max(0, hashes.length - n + 1));
  for (let i = 0; i < keys.length; i++) {
    let a = 0;
    let b = 0x2545f491;
    for (let j = i; j < i + n; j++) {
      const hash = hashes[j]!;
      a = (Math.imul(a, 0x5bd1e995) + hash) | 0;
      b = Math.imul(b ^ hash, 0x9e3779b1);
      b ^= b >>> 15;
    }
    keys[i] = (a >>> 0) * 2 ** 21 + (b >>> 11);
  }
  return keys;
}
