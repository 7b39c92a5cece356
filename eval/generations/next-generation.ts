// The next generation of a set that feeds on itself: for each label a language model of its rows writes new texts, and of
// these a classifier of the same rows picks those that it is surest of.
import type { Example } from "#datasets/example";
import { isSexualOfMinors } from "#datasets/minors";
import { compareText } from "#models/compare-text";
import { Random } from "#models/random";
import { WordSampler } from "./word-sampler.ts";

const NEXT_GENERATION_VERSION = 1;

export interface NextGenerationOptions {
  generation: number;
  /** Rows of each label that are picked. */
  rows: Record<0 | 1, number>;
  /** Texts written for each that is picked. */
  candidates: number;
  /** Words of the language model's longest n-gram. */
  order: number;
  seed: number;
}

/** Words of a text at most. */
const MOST_WORDS = 60;
/** Texts that are empty or dropped are written again, this many times over. */
const MOST_TRIES = 3;
/** Share of the rows that calibrates the next classifier: as much as of any set. */
const CALIBRATION = 1 / 9;

export interface NextGeneration {
  rows: Example[];
  /** Texts that put sexual words beside words for minors: of those none is kept, whatever the label (datasets/minors.ts). */
  dropped: number;
}

/** @param score the classifier's probability of `harmful` */
export function nextGeneration(rows: readonly Example[], score: (text: string) => number, options: NextGenerationOptions): NextGeneration {
  const { generation, candidates, order, seed } = options;
  let dropped = 0;
  const picked = ([1, 0] as const).flatMap((label) => {
    const random = new Random(seed, `generation/${generation}/${label}`);
    const sampler = new WordSampler(order);
    for (const row of rows) if (row.label === label) sampler.add(row.text);
    const wanted = options.rows[label] * candidates;
    const written: { text: string; sureness: number }[] = [];
    for (let i = 0; i < wanted * MOST_TRIES && written.length < wanted; i++) {
      const text = sampler.sample(random, MOST_WORDS);
      if (text === "") continue;
      if (isSexualOfMinors(text)) {
        dropped++;
        continue;
      }
      const p = score(text);
      written.push({ text, sureness: label === 1 ? p : 1 - p });
    }
    return written
      .sort((a, b) => b.sureness - a.sureness || compareText(a.text, b.text))
      .slice(0, options.rows[label])
      .map(({ text }, i): Example => ({
        id: `c-${generation}-${label}-${i}`,
        text,
        label,
        categories: [],
        unknown: ["*"],
        lang: "en",
        split: random.chance(CALIBRATION) ? "calibration" : "train",
        synthetic: true,
        source: "collapse",
        lineage: {
          seedIds: [],
          parents: [],
          ops: [{ name: "collapse/pick", version: NEXT_GENERATION_VERSION, seed, params: { generation, order, candidates } }],
        },
        license: "Apache-2.0",
      }));
  });
  return { rows: picked, dropped };
}
