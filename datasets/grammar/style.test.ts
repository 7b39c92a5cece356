import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "#models/random";
import { drawStyle } from "./style.ts";

test("a style is drawn once: the same text comes out the same, and both sides of a pair get the same surface", () => {
  fc.assert(
    fc.property(fc.nat(), fc.string({ unit: "grapheme" }), (seed, text) => {
      const style = drawStyle(new Random(seed));
      expect(style(text)).toBe(style(text));
      expect(drawStyle(new Random(seed))(text)).toBe(style(text));
    }),
  );
  // What comes before and after a text does not hang on the text.
  for (let seed = 0; seed < 300; seed++) {
    const style = drawStyle(new Random(seed));
    const [before, after] = style("zzz").split(/zzz/i);
    expect(style("qqq").toLowerCase()).toBe(`${before}qqq${after}`.toLowerCase());
  }
});

test("about half the texts stay as they are, and every style occurs", () => {
  const text = "Are you with Someone, please?";
  const styled = Array.from({ length: 3000 }, (_, seed) => drawStyle(new Random(seed))(text));
  const share = (wanted: (t: string) => boolean) => styled.filter(wanted).length / styled.length;
  expect(share((t) => t === text)).toBeCloseTo(0.5, 1);
  expect(share((t) => t === text.toUpperCase())).toBeGreaterThan(0.01);
  expect(share((t) => t === "are you with someone please")).toBeGreaterThan(0.04);
  expect(share((t) => t === "r u w/ sb, pls?")).toBeGreaterThan(0.02);
  expect(share((t) => t.endsWith(text) && t !== text)).toBeGreaterThan(0.05);
  expect(share((t) => t.startsWith(text) && t !== text)).toBeGreaterThan(0.05);
});

test("a typo swaps two neighbouring letters inside one word and nothing else", () => {
  let typos = 0;
  fc.assert(
    fc.property(fc.nat(), fc.array(fc.stringMatching(/^[a-z]{1,9}$/), { maxLength: 6 }), (seed, words) => {
      const text = words.join(" ");
      const styled = drawStyle(new Random(seed))(text);
      if (styled.length !== text.length || styled === text || styled.toLowerCase() === text) return;
      if ([...styled].sort().join("") !== [...text].sort().join("")) return;
      typos++;
      const differ = [...text].flatMap((c, i) => (c === styled[i] ? [] : [i]));
      expect(differ).toHaveLength(2);
      expect(differ[1]! - differ[0]!).toBe(1);
      expect(/[a-z]/.test(text[differ[0]! - 1] ?? "")).toBe(true);
    }),
    { numRuns: 1000, seed: 1 },
  );
  expect(typos).toBeGreaterThan(10);
});
