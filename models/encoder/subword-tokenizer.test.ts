import { Tokenizer } from "@huggingface/tokenizers";
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { byteLevelJson, WORDS, wordPieceJson } from "./fixture-tokenizer.ts";
import { SubwordTokenizer } from "./subword-tokenizer.ts";
import { WordCache } from "./word-cache.ts";

const KINDS = { WordPiece: wordPieceJson(), "byte-level BPE": byteLevelJson() };

/** Whatever a boundary between pieces could get wrong: white space of all kinds, context of case, marks, symbols, pairs. */
const PIECES = [
  ...WORDS, " ", "  ", "     ", " ".repeat(30), "\n", "\n\n", "\t", "\r\n", "\v", "\f", "\u00a0", "\u0085", "\u3000", "\ufeff", "\u200b",
  "\u0000", "\u0001", "Σ", "ΑΣ", "ας", "É", "e\u0301", "\u0301", "ﬁ", "¨", "ﷺ", "中", "文字", "か\u3099", "😀", "👩‍👩‍👧", "İ", "ß", ".", ",",
  "'s", "'", "n't", "-", "_", "[", "]", "1", "23", "¿", "–", "\ud800", "|||EMAIL_ADDRESS|||", "|", "x".repeat(120),
]; // prettier-ignore
const texts = fc.oneof(
  fc.array(fc.constantFrom(...PIECES), { maxLength: 40 }).map((pieces) => pieces.join("")),
  fc.string({ unit: "binary", maxLength: 60 }),
);

describe.each(Object.entries(KINDS))("%s", (_, json) => {
  const tokenizer = new SubwordTokenizer(json, {}, "tokenizer.json");
  const library = new Tokenizer(json, {});

  it("has the library's ids for a whole text", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect([...tokenizer.encode(text).ids]).toEqual(library.encode(text, { add_special_tokens: false }).ids);
      }),
      { numRuns: 2000 },
    );
  });

  it("puts the library's special tokens around it", () => {
    const { ids } = tokenizer.encode("how do i stop");
    expect([...tokenizer.prefix, ...ids, ...tokenizer.suffix]).toEqual(library.encode("how do i stop").ids);
  });

  it("gives the place of each token's word in code points, in order and without its white space", () => {
    fc.assert(
      fc.property(texts, (text) => {
        const characters = [...text];
        const { ids, start, end } = tokenizer.encode(text);
        let last = 0;
        for (let i = 0; i < ids.length; i++) {
          expect(start[i]).toBeGreaterThanOrEqual(i === 0 ? 0 : start[i - 1]!);
          expect(end[i]).toBeGreaterThan(start[i]!);
          if (start[i] !== start[i - 1]) expect(start[i]).toBeGreaterThanOrEqual(last);
          last = end[i]!;
          const word = characters.slice(start[i], end[i]).join("");
          if (/[^ \t\n\r]/.test(word)) expect(word).toMatch(/^[^ \t\n\r]+$/);
        }
        expect(last).toBeLessThanOrEqual(characters.length);
      }),
      { numRuns: 500 },
    );
  });

  it("takes special tokens that stand in a text as the characters they consist of", () => {
    // [UNK] may stand for what the vocabulary lacks.
    const added = json["added_tokens"] as { id: number; special: boolean; content: string }[];
    const special = new Set(added.filter((t) => t.special && t.content !== "[UNK]").map((t) => t.id));
    const written = ["[SEP]", "[CLS]", "[PAD]", "[MASK]", "<|endoftext|>", "stop[SEP]stop", " [SEP] ", "[ SEP ]"];
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.constantFrom(...written), texts), { maxLength: 8 }), (parts) => {
        for (const id of tokenizer.encode(parts.join("")).ids) expect(special.has(id)).toBe(false);
      }),
    );
    const without = (text: string) => [...tokenizer.encode(text).ids];
    expect(without("[SEP]")).toEqual([...without("["), ...without("SEP"), ...without("]")]);
    expect(library.encode("[SEP]", { add_special_tokens: false }).ids).toHaveLength(1);
  });

  it("reads bytes as it reads text", () => {
    const text = "Kill a frozen process, é 中 😀";
    const bytes = Buffer.from(`xx${text}yy`);
    expect(tokenizer.encodeBytes(bytes, 2, bytes.length - 2)).toEqual(tokenizer.encode(text));
  });
});

describe("SubwordTokenizer", () => {
  it("gives a place to each word", () => {
    const { ids, start, end } = new SubwordTokenizer(wordPieceJson(), {}, "t").encode("😀 Kill,  the中 friendly\n");
    const spans = [...ids.keys()].map((i) => `${start[i]}-${end[i]}`);
    expect(spans.join(" ")).toBe("0-1 2-6 6-7 9-12 12-13 14-22 14-22");
  });

  it("finds the padding token by its name", () => {
    expect(new SubwordTokenizer(wordPieceJson(), {}, "t").padId).toBe(0);
    expect(new SubwordTokenizer(wordPieceJson(), { pad_token: { content: "[MASK]" } }, "t").padId).toBe(4);
  });

  it("takes a special token out of the vocabulary too, where a pre-tokeniser would leave it whole", () => {
    const json = { ...wordPieceJson(), pre_tokenizer: { type: "WhitespaceSplit" }, normalizer: null };
    const tokenizer = new SubwordTokenizer(json, {}, "t");
    expect([...tokenizer.encode("[SEP] stop").ids]).not.toContain(tokenizer.suffix[0]);
  });

  it.each([
    ["normaliser (Strip)", { normalizer: { type: "Sequence", normalizers: [{ type: "NFC" }, { type: "Strip" }] } }],
    ["pre-tokeniser (Metaspace)", { pre_tokenizer: { type: "Metaspace" } }],
    ["pre-tokeniser (ByteLevel)", { pre_tokenizer: { type: "ByteLevel", add_prefix_space: true } }],
    ["pre-tokeniser (none)", { pre_tokenizer: null }],
    ["model (Unigram)", { model: { type: "Unigram", vocab: {} } }],
    ["added token 9", { added_tokens: [{ id: 9, content: "new york", special: false }] }],
  ])("refuses a tokeniser whose words may depend on each other: %s", (what, change) => {
    const open = () => new SubwordTokenizer({ ...wordPieceJson(), ...change }, {}, "m/tokenizer.json");
    expect(open).toThrow(expect.objectContaining({ code: "model/unsupported", message: expect.stringContaining(what) }));
  });

  it("refuses what is no tokenizer.json", () => {
    expect(() => new SubwordTokenizer({ model: {} }, {}, "m/tokenizer.json")).toThrow("model.vocab (m/tokenizer.json)");
    for (const post_processor of [{ type: "Odd" }, { type: "TemplateProcessing" }, { type: "BertProcessing", cls: "[CLS]", sep: null }]) {
      expect(() => new SubwordTokenizer({ ...wordPieceJson(), post_processor }, {}, "t")).toThrow(
        expect.objectContaining({ code: "model/unsupported", message: expect.stringContaining(`post-processor (${post_processor.type})`) }),
      );
    }
  });
});

describe("WordCache", () => {
  it("makes a word once while it is kept, and forgets what is not asked for", () => {
    const made: string[] = [];
    const cache = new WordCache((word) => (made.push(word), [word.length]), 2);
    for (const word of ["a", "bb", "a", "ccc", "a", "dddd", "a", "bb"]) expect(cache.get(word)).toEqual([word.length]);
    expect(made).toEqual(["a", "bb", "ccc", "dddd", "bb"]);
  });
});
