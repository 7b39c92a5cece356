import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { createTokenizer, openTokenizer } from "./open-tokenizer.ts";
import { VOCABULARY_FILE } from "./tokenizer.ts";
import { wordHash, WordCounter, WordVocabulary } from "./vocabulary.ts";

const counted = (texts: string[], options = { minCount: 1, maxWords: 1000, oovBuckets: 8 }) => {
  const counter = new WordCounter();
  for (const text of texts) counter.add(text);
  return counter.vocabulary(options);
};

describe("WordVocabulary", () => {
  it("numbers words by their hash, and puts all others in buckets behind them", () => {
    const vocabulary = counted(["The process, the frozen process"]);
    expect(vocabulary.vocabSize).toBe(1 + 4 + 8);
    const unsigned = [...new Uint32Array(vocabulary.hashes.buffer)];
    expect(unsigned).toEqual(unsigned.toSorted((a, b) => a - b));
    const id = (word: string) => vocabulary.encode(word).ids[0]!;
    for (const word of ["the", "THE", "process", ",", "frozen"]) expect(vocabulary.hashes[id(word) - 1]).toBe(wordHash(word));
    const other = id("elsewhere");
    expect(other).toBe(1 + 4 + ((wordHash("elsewhere")! >>> 0) % 8));
  });

  it("keeps the most frequent words of those that are frequent enough", () => {
    const texts = ["a a a b b c c d"];
    expect(counted(texts, { minCount: 2, maxWords: 9, oovBuckets: 1 }).hashes).toHaveLength(3);
    const two = counted(texts, { minCount: 1, maxWords: 2, oovBuckets: 1 });
    expect(two.hashes).toContain(wordHash("a"));
    expect(two.hashes).toHaveLength(2);
    expect(counted([], { minCount: 1, maxWords: 2, oovBuckets: 3 }).vocabSize).toBe(4);
  });

  it("gives ids in range and the place of each word in code points", () => {
    const vocabulary = counted(["the quick brown fox – é 中文 😀"]);
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom("the", " ", "é", "😀", "中文", "quick", "\n", "–", "x".repeat(40)), maxLength: 400 }),
        (text) => {
          const characters = [...text];
          const { ids, start, end } = vocabulary.encode(text);
          let last = 0;
          for (let i = 0; i < ids.length; i++) {
            expect(ids[i]).toBeGreaterThan(0);
            expect(ids[i]).toBeLessThan(vocabulary.vocabSize);
            expect(start[i]).toBeGreaterThanOrEqual(last);
            last = end[i]!;
            const word = characters.slice(start[i], last).join("");
            expect(vocabulary.idOf(wordHash(word)!)).toBe(ids[i]);
            expect(
              characters
                .slice(i === 0 ? 0 : end[i - 1], start[i])
                .join("")
                .trim(),
            ).toBe("");
          }
          expect(characters.slice(last).join("").trim()).toBe("");
        },
      ),
    );
  });

  it("reads bytes in the middle of a buffer as it reads text", () => {
    const vocabulary = counted(["é the 😀"]);
    const text = "the – é quick ".repeat(50);
    const bytes = Buffer.from(`é${text}é`);
    expect(vocabulary.encodeBytes(bytes, 2, bytes.length - 2)).toEqual(vocabulary.encode(text));
  });

  it("is the same after it was written and read", () => {
    const vocabulary = counted(["some words of a text, and some more"]);
    const again = createTokenizer(new Map([[VOCABULARY_FILE, vocabulary.serialize()]]), "m");
    expect((again as WordVocabulary).serialize()).toBe(vocabulary.serialize());
    expect(again.encode("some text elsewhere")).toEqual(vocabulary.encode("some text elsewhere"));
  });

  it("refuses what is no vocabulary, and a folder without one", () => {
    const open = (json: unknown) => () =>
      createTokenizer(new Map([[VOCABULARY_FILE, typeof json === "string" ? json : JSON.stringify(json)]]), "m");
    const good = { kind: "words", hash: "murmur3-x86-32", hashes: [1, 2, 4294967295], oovBuckets: 1 };
    expect(open(good)).not.toThrow();
    for (const bad of [
      {},
      "{",
      { ...good, hashes: [2, 1] },
      { ...good, hashes: [1, 1] },
      { ...good, hashes: [-1] },
      { ...good, oovBuckets: 0 },
    ]) {
      expect(open(bad)).toThrow(expect.objectContaining({ code: "model/damaged" }));
    }
    expect(() => openTokenizer("/nowhere")).toThrow("neither tokenizer.json nor vocabulary.json");
  });

  it("knows single words from others", () => {
    expect(wordHash("New")).toBe(wordHash("new"));
    for (const text of ["", " ", "new york", "cross-country", "new "]) expect(wordHash(text)).toBeUndefined();
  });
});
