// Finds the words by which a label follows from another (docs/handling.md): where they stand in a text, whichever tokenizer the
// encoder has. They are tokens of token-stream.ts, as for the n-gram model, compared by their hashes.
import { TokenStream } from "#models/text/token-stream";
import { wordHash } from "./vocabulary.ts";

export class RuleWords {
  readonly #hashes: ReadonlySet<number>;
  readonly #stream = new TokenStream();

  /** @param words each one token */
  constructor(words: readonly string[]) {
    this.#hashes = new Set(words.map((word) => tokenHash(word)));
  }

  /** Code-point offsets of the words in `bytes[start, end)`, valid UTF-8, ascending. */
  find(bytes: Uint8Array, start: number, end: number): number[] {
    const stream = this.#stream;
    const found: number[] = [];
    stream.open(bytes, start, end);
    for (let count = stream.next(); count > 0; count = stream.next()) {
      for (let t = 0; t < count; t++) {
        if (!this.#hashes.has(stream.hashes[t]!)) continue;
        found.push(stream.firstCodePoint + codePointsIn(bytes, stream.byteStart[0]!, stream.byteStart[t]!));
      }
    }
    return found;
  }
}

/** MurmurHash3 of a word that is one token, as int32. */
export function tokenHash(word: string): number {
  const hash = wordHash(word.toLowerCase());
  if (hash === undefined) throw new Error("tokenHash: requires a word of one token");
  return hash;
}

/** Code points in `bytes[start, end)`, valid UTF-8. */
export function codePointsIn(bytes: Uint8Array, start: number, end: number): number {
  let count = 0;
  for (let i = start; i < end; i++) if ((bytes[i]! & 0xc0) !== 0x80) count++;
  return count;
}

/** Whether one of `places`, ascending, is in [start, end). */
export function anyWithin(places: readonly number[], start: number, end: number): boolean {
  let low = 0;
  let high = places.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (places[middle]! < start) low = middle + 1;
    else high = middle;
  }
  return low < places.length && places[low]! < end;
}
