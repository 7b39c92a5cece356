// Keeps the token ids of words, since words come again. Two generations: when the younger is full it becomes the older, whose
// words are forgotten unless they are asked for again. So memory is bounded and what is frequent stays.

/** Words in a generation; both together hold the vocabulary of ordinary text many times over, in some 30 MB. */
const GENERATION = 1 << 17;
/** Longer words come once. In UTF-16 units. */
const LONGEST = 48;
/** From this length on, a slice of a text is a view of it, and would keep the whole text in memory. */
const VIEW_FROM = 13;

export class WordCache {
  readonly #make: (word: string) => readonly number[];
  readonly #generation: number;
  #young = new Map<string, readonly number[]>();
  #old = new Map<string, readonly number[]>();

  constructor(make: (word: string) => readonly number[], generation: number = GENERATION) {
    this.#make = make;
    this.#generation = generation;
  }

  get(word: string): readonly number[] {
    const kept = this.#young.get(word);
    if (kept !== undefined) return kept;
    if (word.length > LONGEST) return this.#make(word);
    const ids = this.#old.get(word) ?? this.#make(word);
    if (this.#young.size >= this.#generation) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(word.length >= VIEW_FROM ? copyOf(word) : word, ids);
    return ids;
  }
}

function copyOf(text: string): string {
  return Buffer.from(text, "utf16le").toString("utf16le");
}
