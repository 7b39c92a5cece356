import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Example } from "#datasets/example";
import { Random } from "#models/random";
import { DIVERSITY_DEFAULTS, diversity } from "./diversity.ts";
import { eigenvalues } from "./eigenvalues.ts";
import { nearDuplicates } from "./near-duplicates.ts";
import { rareGramSurvival } from "./rare-grams.ts";
import { compressionRatio, distinct, selfRepetition } from "./repetition.ts";
import { draw } from "./sample.ts";
import { bleu, selfBleu } from "./self-bleu.ts";
import { gramKeys, tokensOf } from "./tokens.ts";
import { vendiScore } from "./vendi.ts";

const words = (text: string) => tokensOf(text).hashes;
const random = () => new Random(7, "test");

/** Texts of words drawn evenly from a vocabulary. */
function drawnTexts(count: number, length: number, vocabulary: number, seed = 1): string[] {
  const source = new Random(seed, "texts");
  return Array.from({ length: count }, () => Array.from({ length }, () => `w${source.below(vocabulary)}`).join(" "));
}

describe("tokens", () => {
  it("reads more than a block", () => {
    const text = drawnTexts(1, 300, 1000)[0]!;
    const tokens = tokensOf(text);
    expect(tokens.hashes).toHaveLength(300);
    expect(new TextDecoder().decode(tokens.bytes.subarray(tokens.starts[299], tokens.ends[299]))).toBe(text.split(" ")[299]);
  });

  it("n-grams are equal where their tokens are, in their order", () => {
    const [ab, bc, ab2] = gramKeys(words("a b c a b"), 2);
    expect(ab).not.toBe(bc);
    expect(gramKeys(words("b a"), 2)[0]).not.toBe(ab);
    expect(gramKeys(words("a b c a b"), 2)[3]).toBe(ab);
    expect(ab2).not.toBe(ab);
    expect(gramKeys(words("a b"), 3)).toHaveLength(0);
  });
});

describe("draw", () => {
  it("takes different rows, every one of them where it takes all", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 40 }), fc.integer(), (all, wanted, seed) => {
        const rows = Array.from({ length: all }, (_, i) => i);
        const drawn = draw(rows, Math.min(all, wanted), new Random(seed));
        expect(new Set(drawn).size).toBe(Math.min(all, wanted));
        expect(drawn.every((row) => rows.includes(row))).toBe(true);
      }),
    );
  });
});

describe("repetition", () => {
  it("self-repetition by hand", () => {
    // Text 1 has two 4-grams, both in text 2: ln 3. Text 2 has three, two of them in text 1: ln 3. Text 3: ln 1.
    expect(selfRepetition(["a b c d e", "a b c d e f", "v w x y z"].map(words))).toBeCloseTo((2 * Math.log(3)) / 3, 12);
    expect(selfRepetition(["a b c d", "a b c d", "a b c d"].map(words))).toBeCloseTo(Math.log(3), 12);
    expect(selfRepetition([])).toBe(0);
  });

  it("distinct-n by hand", () => {
    expect(distinct(["a b a", "a b c"].map(words), 1)).toBeCloseTo(3 / 6, 12);
    expect(distinct(["a b a", "a b c"].map(words), 2)).toBeCloseTo(3 / 4, 12);
    expect(distinct([words("a")], 2)).toBe(0);
  });

  it("a set said twice compresses better and repeats more", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.integer({ min: 2, max: 500 }), (seed, vocabulary) => {
        const texts = drawnTexts(20, 8, vocabulary, seed);
        const twice = [...texts, ...texts];
        const bytes = (list: string[]) => list.map((text) => tokensOf(text).bytes);
        expect(compressionRatio(bytes(twice))).toBeGreaterThan(compressionRatio(bytes(texts)));
        expect(selfRepetition(twice.map(words))).toBeGreaterThan(selfRepetition(texts.map(words)));
        expect(distinct(twice.map(words), 2)).toBeCloseTo(distinct(texts.map(words), 2) / 2, 12);
      }),
      { numRuns: 20 },
    );
  });
});

describe("BLEU", () => {
  it("by hand: clipped counts, two references, the nearest length", () => {
    // The first example of Papineni et al. (2002), candidate 2, as NLTK computes it with method 1.
    const candidate = "It is to insure the troops forever hearing the activity guidebook that party direct";
    const references = [
      "It is a guide to action that ensures that the military will forever heed Party commands",
      "It is the guiding principle which guarantees the military forces always being under the command of the Party",
      "It is the practical guide for the army always to heed the directions of the party",
    ];
    // Unigrams 8 of 14 (it is to the that the forever party: "the" stands up to four times in one reference),
    // bigrams 1 of 13 (it is), no trigrams of 12, no 4-grams of 11. Lengths 14 and 16: brevity e^(1 - 16/14).
    const expected = Math.exp(1 - 16 / 14) * ((8 / 14) * (1 / 13) * (0.1 / 12) * (0.1 / 11)) ** 0.25;
    expect(bleu(words(candidate), references.map(words))).toBeCloseTo(expected, 12);
  });

  it("is 1 for a reference, 0 where nothing is shared, and clips", () => {
    expect(bleu(words("a b c d e"), [words("a b c d e"), words("x")])).toBeCloseTo(1, 12);
    expect(bleu(words("a b c d e"), [words("v w x y z")])).toBe(0);
    // "the" seven times against a reference with two: 2 of 7, then 0.1 of 6, 5 and 4.
    const clipped = ((2 / 7) * (0.1 / 6) * (0.1 / 5) * (0.1 / 4)) ** 0.25;
    expect(bleu(words("the the the the the the the"), [words("the cat is on the mat x")])).toBeCloseTo(clipped, 12);
  });

  it("a text of fewer than four tokens", () => {
    expect(bleu(words("a b"), [words("a b")])).toBeCloseTo((1 * 1 * 0.1 * 0.1) ** 0.25, 12);
  });

  it("self-BLEU is the mean over the texts that are no reference", () => {
    const same = Array.from({ length: 6 }, () => words("a b c d e"));
    expect(selfBleu(same, 3, random())).toBeCloseTo(1, 12);
    const apart = ["a b c d", "e f g h", "i j k l"].map(words);
    expect(selfBleu(apart, 1, random())).toBe(0);
    expect(() => selfBleu(apart, 3, random())).toThrow("more than 3");
  });
});

describe("eigenvalues", () => {
  it("of small matrices, by hand", () => {
    expect([...eigenvalues(Float64Array.of(2, 1, 1, 2), 2).sort()]).toEqual([expect.closeTo(1, 12), expect.closeTo(3, 12)]);
    expect([...eigenvalues(new Float64Array(9).fill(1), 3).sort()]).toEqual([
      expect.closeTo(0, 12),
      expect.closeTo(0, 12),
      expect.closeTo(3, 12),
    ]);
    expect([...eigenvalues(Float64Array.of(5), 1)]).toEqual([5]);
  });

  it("have the trace, and the squares, of any symmetric matrix", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.integer(), (n, seed) => {
        const source = new Random(seed);
        const matrix = new Float64Array(n * n);
        for (let i = 0; i < n; i++)
          for (let j = 0; j <= i; j++) matrix[i * n + j] = matrix[j * n + i] = source.chance(0.3) ? 0 : source.next() - 0.5;
        const squares = matrix.reduce((sum, x) => sum + x * x, 0);
        let trace = 0;
        for (let i = 0; i < n; i++) trace += matrix[i * n + i]!;
        const values = eigenvalues(matrix.slice(), n);
        expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(trace, 9);
        expect(values.reduce((sum, x) => sum + x * x, 0)).toBeCloseTo(squares, 9);
      }),
    );
  });
});

describe("Vendi score", () => {
  it("is 1 of one text said n times, n of n texts that share nothing", () => {
    expect(vendiScore(Array.from({ length: 9 }, () => words("a b c")))).toBeCloseTo(1, 9);
    expect(vendiScore(["a b", "c d", "e f", "g h"].map(words))).toBeCloseTo(4, 9);
    expect(vendiScore(["a b", "a b", "c d", "c d"].map(words))).toBeCloseTo(2, 9);
  });

  it("of two texts, by hand", () => {
    // Cosine q of two texts: eigenvalues (1 ± q) / 2. Shared "a" with idf 1; b, c and the pairs with idf 1 + ln 1.5.
    const rare = (Math.log(1.5) + 1) ** 2;
    const q = 1 / (1 + 2 * rare);
    const entropy = -[(1 + q) / 2, (1 - q) / 2].reduce((sum, x) => sum + x * Math.log(x), 0);
    expect(vendiScore(["a b", "a c"].map(words))).toBeCloseTo(Math.exp(entropy), 9);
  });
});

describe("near duplicates", () => {
  it("finds what a search of all pairs finds", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 2, max: 6 }), fc.integer(), (vocabulary, length, seed) => {
        const texts = drawnTexts(30, length, vocabulary, seed);
        const sets = texts.map((text) => new Set(gramKeys(words(text), Math.min(3, length))));
        const near = sets.filter((a, i) =>
          sets.some((b, j) => {
            const shared = [...a].filter((gram) => b.has(gram)).length;
            return i !== j && shared / (a.size + b.size - shared) >= 0.7;
          }),
        );
        const copies = texts.filter((text, i) => texts.some((other, j) => i !== j && other === text));
        expect(nearDuplicates(texts, 100)).toEqual({ rows: 30, exact: copies.length / 30, near: near.length / 30 });
      }),
    );
  });

  it("looks at a sample of a fixed size", () => {
    expect(nearDuplicates(drawnTexts(50, 10, 1000), 20)).toEqual({ rows: 20, exact: 0, near: 0 });
    expect(nearDuplicates(["one"], 20)).toBeNull();
  });
});

describe("rare n-grams", () => {
  const source = drawnTexts(400, 10, 60, 1);

  it("survive in a fresh draw of the same source, more in a copy, less in what only repeats the frequent", () => {
    const fresh = rareGramSurvival(source, drawnTexts(400, 10, 60, 2))!;
    expect(fresh.relative).toBeGreaterThan(0.95);
    expect(fresh.relative).toBeLessThan(1.05);
    expect(rareGramSurvival(source, source)!.relative).toBeGreaterThan(1);
    const narrow = rareGramSurvival(source, drawnTexts(400, 10, 20, 3))!;
    expect(narrow.relative).toBeLessThan(0.5);
    expect(narrow.baseline).toBeCloseTo(fresh.baseline, 12);
  });

  it("are none where there is nothing to look for or in", () => {
    expect(rareGramSurvival([], source)).toBeNull();
    expect(rareGramSurvival(source, [])).toBeNull();
  });
});

describe("diversity by cell", () => {
  const row = (text: string, label: 0 | 1, topic: string): Example => ({
    id: text,
    text,
    label,
    topic,
    categories: [],
    unknown: [],
    lang: "en",
    synthetic: true,
  });
  const options = { ...DIVERSITY_DEFAULTS, rows: 20, tokens: 8, draws: 5 };
  const varied = drawnTexts(60, 9, 500).map((text) => row(text, 1, "varied"));
  const poor = drawnTexts(60, 9, 5, 2).map((text) => row(text, 1, "poor"));
  const few = drawnTexts(19, 8, 500, 3).map((text) => row(text, 0, "few"));
  const short = drawnTexts(40, 7, 500, 4).map((text) => row(text, 0, "few"));
  const cells = diversity([...varied, ...poor, ...few, ...short], options);

  it("has each label and each of its topics, and says where rows are too few", () => {
    expect(cells.map(({ label, topic, rows, eligible, figures }) => [label, topic, rows, eligible, figures !== null])).toEqual([
      [1, null, 120, 120, true],
      [1, "poor", 60, 60, true],
      [1, "varied", 60, 60, true],
      [0, null, 59, 19, false],
    ]);
  });

  it("tells the poor from the varied in every figure, outside the intervals", () => {
    const [, a, b] = cells.map((cell) => cell.figures!);
    for (const name of ["compression_ratio", "self_repetition", "self_bleu"] as const) {
      expect(a![name].interval![0]).toBeGreaterThan(b![name].interval![1]);
    }
    for (const name of ["distinct_1", "distinct_2", "vendi"] as const) expect(a![name].interval![1]).toBeLessThan(b![name].interval![0]);
  });

  it("does not depend on the order of the rows", () => {
    const shuffled = random().shuffle([...few, ...poor, ...short, ...varied]);
    expect(diversity(shuffled, options)).toEqual(cells);
  });

  it("has an interval only where there are more rows than a sample takes", () => {
    expect(diversity(varied.slice(0, 20), options)[0]!.figures!.vendi.interval).toBeNull();
  });
});
