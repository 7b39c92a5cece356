// A word n-gram language model that writes: interpolated Witten-Bell smoothing (Bell, Cleary and Witten, 1990), drawn from
// exactly. After a context seen c times with t different next words, a word is drawn by the shorter context with
// probability t / (c + t), else from what followed. Words are what stands between spaces.
import type { Random } from "#models/random";

const BEFORE = "\u0002";
const END = "\u0003";
const SEPARATOR = " ";

interface Followers {
  counts: Map<string, number>;
  total: number;
}

export class WordSampler {
  readonly #order: number;
  /** By context, its words in order. */
  readonly #followers = new Map<string, Followers>();

  /** @param order words of the longest n-gram, 1 or more */
  constructor(order: number) {
    if (!Number.isInteger(order) || order < 1) throw new Error(`WordSampler: order must be 1 or more, got ${order}`);
    this.#order = order;
  }

  add(text: string): void {
    const history = this.#start();
    for (const word of [...text.split(/\s+/).filter((w) => w !== ""), END]) {
      for (let length = 0; length < this.#order; length++) {
        const context = contextOf(history, length);
        let followers = this.#followers.get(context);
        if (followers === undefined) this.#followers.set(context, (followers = { counts: new Map(), total: 0 }));
        followers.counts.set(word, (followers.counts.get(word) ?? 0) + 1);
        followers.total++;
      }
      history.push(word);
    }
  }

  /** A new text of at most `most` words. Something must have been added. */
  sample(random: Random, most: number): string {
    const history = this.#start();
    const words: string[] = [];
    while (words.length < most) {
      const word = this.#draw(history, random);
      if (word === END) break;
      words.push(word);
      history.push(word);
    }
    return words.join(" ");
  }

  #start(): string[] {
    return Array.from({ length: this.#order - 1 }, () => BEFORE);
  }

  #draw(history: readonly string[], random: Random): string {
    for (let length = this.#order - 1; length >= 0; length--) {
      const followers = this.#followers.get(contextOf(history, length));
      if (followers === undefined) continue;
      const { counts, total } = followers;
      if (length > 0 && random.chance(counts.size / (total + counts.size))) continue;
      let left = random.below(total);
      for (const [word, count] of counts) if ((left -= count) < 0) return word;
    }
    throw new Error("WordSampler: nothing was added");
  }
}

function contextOf(history: readonly string[], length: number): string {
  return length === 0 ? "" : history.slice(-length).join(SEPARATOR);
}
