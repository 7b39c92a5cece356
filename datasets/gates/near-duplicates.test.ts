import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Random } from "#models/random";
import { MinHasher, PERMUTATIONS, similarity } from "./minhash.ts";
import { NearDuplicates, rowsOfBand } from "./near-duplicates.ts";

const hasher = new MinHasher(3);
const signature = (text: string) => {
  const into = new Uint16Array(PERMUTATIONS);
  hasher.signature(text, into);
  return into;
};
const estimate = (a: string, b: string) => similarity(signature(a), 0, signature(b), 0);
function jaccard(a: string, b: string): number {
  const [x, y] = [new Set(hasher.shingles(a)), new Set(hasher.shingles(b))];
  const both = [...x].filter((shingle) => y.has(shingle)).length;
  return both / (x.size + y.size - both);
}
const words = (random: Random, n: number) => Array.from({ length: n }, () => `w${random.below(5000)}`);
/** A text and another that has some of its words replaced. */
function variant(random: Random, n: number, share: number): [string, string] {
  const text = words(random, n);
  return [text.join(" "), text.map((word) => (random.chance(share) ? `v${random.below(5000)}` : word)).join(" ")];
}

describe("MinHash", () => {
  test("estimates the Jaccard similarity of the shingles", () => {
    const random = new Random(7);
    const errors: number[] = [];
    for (let i = 0; i < 400; i++) {
      const [a, b] = variant(random, 20 + random.below(200), random.next() * 0.2);
      errors.push(estimate(a, b) - jaccard(a, b));
    }
    const mean = errors.reduce((x, y) => x + y) / errors.length;
    const sd = Math.sqrt(errors.reduce((x, y) => x + y * y) / errors.length);
    // The standard error of 128 permutations is √(J(1 - J)/128), at most 0.044.
    expect(Math.abs(mean)).toBeLessThan(0.01);
    expect(sd).toBeLessThan(0.05);
    expect(Math.max(...errors.map(Math.abs))).toBeLessThan(0.2);
  });

  test("any text: like itself, and whatever its case and punctuation", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (text) => {
        expect(estimate(text, text)).toBe(1);
      }),
    );
    expect(estimate("Never, ever: open THAT door!", "never ever open that door")).toBe(1);
    expect(estimate("I like it 😀", "I like it 🤮")).toBeLessThan(1);
    expect(estimate("", "   ")).toBe(1);
  });
});

describe("near-duplicates", () => {
  test("finds what all pairs find, and nothing below the threshold", () => {
    const random = new Random(3);
    const texts: string[] = [];
    for (let i = 0; i < 300; i++) texts.push(...variant(random, 60, random.pick([0.01, 0.02, 0.05, 0.3])));
    const index = new NearDuplicates({ threshold: 0.7, words: 3 });
    const signatures = texts.map(signature);
    const alike = (i: number, j: number) => similarity(signatures[i]!, 0, signatures[j]!, 0);
    const kept: number[] = [];
    let [missed, wanted] = [0, 0];
    for (const [i, text] of texts.entries()) {
      const best = Math.max(0, ...kept.map((k) => alike(k, i)));
      const found = index.add(text, 0, i);
      if (best >= 0.7) wanted++;
      if (best >= 0.7 && found === null) missed++;
      if (found === null) kept.push(i);
      else expect(found.similarity).toBe(alike(found.row, i));
      if (found !== null) expect(found.similarity).toBeGreaterThanOrEqual(0.7);
    }
    expect(wanted).toBeGreaterThan(150);
    expect(missed / wanted).toBeLessThan(0.03);
    expect(index.size).toBe(kept.length);
  });

  test("the first of a kind stays, labels are apart, growth loses nothing", () => {
    const index = new NearDuplicates({ threshold: 0.8, words: 3 });
    const random = new Random(5);
    const texts = Array.from({ length: 9000 }, () => words(random, 12).join(" "));
    for (const [i, text] of texts.entries()) expect(index.add(text, (i % 2) as 0 | 1, i)).toBeNull();
    for (const [i, text] of texts.entries()) expect(index.add(text, (i % 2) as 0 | 1, -1)).toEqual({ row: i, similarity: 1 });
    expect(index.add(texts[0]!, 1, 9000)).toBeNull();
    expect(index.bytes / index.size).toBeLessThan(700);
  });

  test("bands fit the threshold", () => {
    for (const threshold of [0.3, 0.5, 0.7, 0.8, 0.9, 1]) {
      const rows = rowsOfBand(threshold);
      expect(1 - (1 - threshold ** rows) ** Math.floor(PERMUTATIONS / rows)).toBeGreaterThanOrEqual(0.97);
    }
    expect([0.7, 0.8, 0.9].map(rowsOfBand)).toEqual([5, 7, 11]);
  });
});
