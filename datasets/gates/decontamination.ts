// Finds rows that share text with evaluation sets: n words in a row in common, 13 by default as for GPT-3 (arXiv 2005.14165,
// appendix C); of a text of fewer words, the whole of it inside the other, whichever of the two is the short one. Words are
// compared without case, punctuation and white space. Fewer than 5 words stand in any text by chance: such a text must be
// the whole of the other too.
//
// Held in memory: 64-bit hashes, 18 to 36 bytes for each n-gram of the evaluation sets, and the ids of their rows.
import { HashTable } from "./hash-table.ts";
import { hash64, type Hash64 } from "./hash64.ts";
import { IdList } from "./id-list.ts";
import { normalised, wordsOf } from "./normalise.ts";

const FEWEST_WORDS = 5;

export class Decontamination {
  readonly #n: number;
  readonly #ids = new IdList();
  /** n-grams of the sets, and their whole texts where these are shorter: by number of words and hash → number of the id. */
  readonly #ngrams = new HashTable();
  /** Numbers of words, below n, that whole texts of the sets have. */
  readonly #lengths = new Set<number>();
  /** Rows shorter than n, as whole texts; and those of them that stand inside a text of the sets. */
  readonly #shortRows = new HashTable();
  readonly #shortLengths = new Set<number>();
  readonly #contained = new HashTable();

  constructor(words: number) {
    this.#n = words;
  }

  /** Announces a row; every row comes before any text of an evaluation set. */
  expect(text: string): void {
    const words = hashes(text);
    if (words.length >= this.#n) return;
    this.#shortRows.add(whole(words), 0);
    if (words.length >= FEWEST_WORDS) this.#shortLengths.add(words.length);
  }

  /** Takes a text of an evaluation set in. @param name `set:id` */
  add(name: string, text: string): void {
    const words = hashes(text);
    const number = this.#ids.add(name);
    if (words.length < this.#n) {
      if (words.length >= FEWEST_WORDS) this.#lengths.add(words.length);
      this.#ngrams.add(whole(words), number);
    } else {
      find(words, this.#n, (hash) => {
        this.#ngrams.add(hash, number);
        return false;
      });
    }
    for (const length of this.#shortLengths) {
      find(words, length, (hash) => {
        if (this.#shortRows.get(hash) !== -1) this.#contained.add(hash, number);
        return false;
      });
    }
  }

  /** The name of a text of the sets that a row shares words with, and how many; null where there is none. */
  find(text: string): { name: string; words: number } | null {
    const words = hashes(text);
    let number = -1;
    const known = (hash: Hash64) => (number = this.#ngrams.get(hash)) !== -1;
    const result = (length: number) => ({ name: this.#ids.get(number), words: length });
    if (words.length >= this.#n) {
      if (find(words, this.#n, known)) return result(this.#n);
    } else {
      const hash = whole(words);
      if (known(hash)) return result(words.length);
      if ((number = this.#contained.get(hash)) !== -1) return result(words.length);
    }
    for (const length of this.#lengths) if (length < words.length && find(words, length, known)) return result(length);
    return null;
  }
}

/** A hash for each word; a text without words is one. */
function hashes(text: string): Hash64[] {
  const words = wordsOf(text);
  return (words.length === 0 ? [normalised(text)] : words).map(hash64);
}

function whole(words: readonly Hash64[]): Hash64 {
  let hash: Hash64 | undefined;
  find(words, words.length, (found) => {
    hash = found;
    return true;
  });
  return hash!;
}

const P = 0x01000193;
const Q = 0x5bd1e995;

/** Goes over the runs of so many words, as hashes (Rabin and Karp's, once in each half), until `stop` takes one. */
function find(words: readonly Hash64[], length: number, stop: (hash: Hash64) => boolean): boolean {
  let [hi, lo, leavingHi, leavingLo] = [0, 0, 1, 1];
  for (let i = 0; i < length; i++) {
    leavingHi = Math.imul(leavingHi, P);
    leavingLo = Math.imul(leavingLo, Q);
  }
  for (let i = 0; i < words.length; i++) {
    hi = (Math.imul(hi, P) + words[i]!.hi) | 0;
    lo = (Math.imul(lo, Q) + words[i]!.lo) | 0;
    if (i >= length) {
      hi = (hi - Math.imul(leavingHi, words[i - length]!.hi)) | 0;
      lo = (lo - Math.imul(leavingLo, words[i - length]!.lo)) | 0;
    }
    if (i >= length - 1 && stop({ hi: hi ^ length, lo })) return true;
  }
  return false;
}
