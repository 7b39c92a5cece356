import fc from "fast-check";
import * as ort from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { BLOCK_TOKENS, TokenStream } from "#models/text/token-stream";
import { BEFORE_FIRST, type NgramFeatures, blockFeatures, maxFeatures, wordBucket } from "./features.ts";
import { withLabels } from "./label-model.ts";
import { type NgramModel, sigmoid } from "./model.ts";
import { ONNX_INPUT, ONNX_OUTPUT, ngramOnnx } from "./onnx-graph.ts";
import { type DocumentScore, TOP_K } from "#models/document-score";
import { NgramScorer } from "./scorer.ts";

const WORDS: NgramFeatures = { bits: 12, charNgrams: null };
const CHARACTERS: NgramFeatures = { bits: 12, charNgrams: { min: 3, max: 5 } };
const RULE = { of: "beta", words: ["child", "minor"] };

/** Numbers in [0, 2^32), the same ones each time (an LCG of Numerical Recipes). */
function numbers(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0);
}

/** A model of random weights, some rows of them zero. With a rule, label "ruled" follows "beta". */
function randomModel(features: NgramFeatures, labels: readonly string[], zeros = 0.3): NgramModel {
  const next = numbers(labels.length + features.bits);
  const columns = labels.length + 1;
  const table = new Int16Array(2 ** features.bits * columns);
  for (let row = 0; row < table.length; row += columns) {
    if (next() / 2 ** 32 < zeros) continue;
    for (let c = 0; c < labels.length; c++) table[row + c] = (next() >>> 16) - 32768;
    table[row + labels.length] = 1 + (next() >>> 18);
  }
  const ruled = labels.indexOf("ruled");
  if (ruled >= 0) {
    for (let row = 0; row < table.length; row += columns) table[row + ruled] = 0;
    for (const word of RULE.words) table[wordBucket(features, word) * columns + ruled] = 1;
  }
  return {
    features,
    labels,
    table,
    slope: Float32Array.from(labels, (_, i) => 0.0004 + i * 0.0001),
    intercept: Float32Array.from(labels, (_, i) => i * 0.3 - 0.5),
    rules: ruled < 0 ? {} : { ruled: RULE },
  };
}

const copy = (score: DocumentScore): DocumentScore => structuredClone(score);

/** The score by the letter of the definition: every feature's row, every window. */
function slowScore(model: NgramModel, text: string): DocumentScore {
  const bytes = new TextEncoder().encode(text);
  const stream = new TokenStream();
  stream.open(bytes, 0, bytes.length);
  const columns = model.labels.length + 1;
  const blocks: { sums: number[]; start: number; end: number }[] = [];
  const buckets = new Int32Array(maxFeatures(model.features));
  let previous = BEFORE_FIRST;
  while (stream.next() > 0) {
    const count = blockFeatures(model.features, stream, bytes, previous, buckets, 0);
    const sums = new Array<number>(columns).fill(0);
    for (const bucket of buckets.subarray(0, count)) for (let c = 0; c < columns; c++) sums[c]! += model.table[bucket * columns + c]!;
    blocks.push({ sums, start: stream.firstCodePoint, end: stream.lastCodePoint });
    previous = stream.hashes[stream.count - 1]!;
  }
  const first = blocks[0] ?? { sums: new Array<number>(columns).fill(0), start: 0, end: 0 };
  const windows =
    blocks.length < 2
      ? [first]
      : blocks.slice(1).map((b, i) => ({
          ...b,
          start: blocks[i]!.start,
          sums: b.sums.map((s, c) => s + blocks[i]!.sums[c]!),
        }));
  const score: DocumentScore = {
    windows: windows.length,
    codePoints: [...text].length,
    max: new Float64Array(columns - 1),
    mean: new Float64Array(columns - 1),
    topK: new Float64Array(columns - 1),
    start: new Int32Array(columns - 1),
    end: new Int32Array(columns - 1),
  };
  model.labels.forEach((label, index) => {
    const rule = model.rules[label];
    const from = rule === undefined ? index : model.labels.indexOf(rule.of);
    const scores = windows.map(({ sums }) => {
      const norm = 1 / Math.sqrt(Math.max(1, sums[columns - 1]!));
      return rule !== undefined && sums[index] === 0 ? 0 : sigmoid(model.slope[from]! * sums[from]! * norm + model.intercept[from]!);
    });
    const falling = scores.toSorted((a, b) => b - a).slice(0, TOP_K);
    score.max[index] = falling[0]!;
    score.mean[index] = scores.reduce((a, b) => a + b, 0) / scores.length;
    score.topK[index] = falling.reduce((a, b) => a + b, 0) / falling.length;
    const best = windows[scores.indexOf(falling[0]!)]!;
    score.start[index] = best.start;
    score.end[index] = best.end;
  });
  return score;
}

const word = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^[A-Za-z]{1,9}$/) },
  {
    weight: 3,
    arbitrary: fc.constantFrom("the", "The", "of", "child", ",", ".", "MINOR", "beta", "[", "{", "straße", "STRASSE", "É", "é"),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom("日本語テキスト", "🙂", "👍🏽", "שלום", "a\u0301", "\ud83d", "\u0000", "x".repeat(40), "é".repeat(33), "\n"),
  },
);
const document = fc.array(word, { maxLength: 400 }).map((words) => words.join(" "));

/** Many different words, each of which comes again. */
function longText(length: number): string {
  const next = numbers(length);
  const parts: string[] = [];
  for (let size = 0; size < length; size += parts.at(-1)!.length + 1) {
    const common = (next() >>> 16) % 3 > 0;
    parts.push(
      ((next() >>> 8) % (common ? 500 : 200_000)).toString(36).replace(/^/, common ? "w" : "Rare") + (next() >>> 28 === 0 ? "," : ""),
    );
  }
  return parts.join(" ").slice(0, length);
}

const label = (count: number) => Array.from({ length: count }, (_, i) => `label${i}`);
const MANY = ["harmful", "alpha", "beta", "ruled", "gamma", "delta"];

describe("NgramScorer", () => {
  it("scores as the definition has it, for any number of labels", () => {
    for (const features of [WORDS, CHARACTERS]) {
      for (const labels of [label(1), label(2), label(3), label(4), MANY, label(22)]) {
        const model = randomModel(features, labels);
        const scorer = new NgramScorer(model);
        fc.assert(
          fc.property(document, (text) => {
            expect(copy(scorer.scoreText(text))).toEqual(slowScore(model, text));
          }),
          { numRuns: 25 },
        );
      }
    }
  });

  it("keeps no token for another", () => {
    // More different tokens than are kept, so that they take each other's places, also within a block.
    const text = longText(400_000);
    for (const labels of [label(1), MANY]) {
      const model = randomModel(CHARACTERS, labels, 0);
      const scorer = new NgramScorer(model);
      const expected = slowScore(model, text);
      expect(copy(scorer.scoreText(text))).toEqual(expected);
      expect(copy(scorer.scoreText(text))).toEqual(expected);
    }
  });

  it("tells tokens of one hash apart", () => {
    const model = randomModel(CHARACTERS, ["harmful"], 0);
    const scorer = new NgramScorer(model);
    const byHash = new Map<number, string>();
    const pairs: string[] = [];
    const stream = new TokenStream();
    for (let i = 0; i < 400_000; i++) {
      // Of one length they differ in the first four bytes; with those the same, in length.
      const token = `${i % 2 === 0 ? "word" : "term"}${i.toString(36)}`;
      const bytes = Buffer.from(token);
      stream.open(bytes, 0, bytes.length);
      stream.next();
      const other = byHash.get(stream.hashes[0]!);
      if (other !== undefined) pairs.push(other, token);
      byHash.set(stream.hashes[0]!, token);
    }
    expect(pairs.length).toBeGreaterThan(4);
    for (const text of pairs) expect(copy(scorer.scoreText(text))).toEqual(slowScore(model, text));
    const together = [...pairs, ...pairs.map((token) => token.toUpperCase()), ...pairs].join(" ");
    expect(copy(scorer.scoreText(together))).toEqual(slowScore(model, together));
  });

  it("does not remember what it scored before", () => {
    const model = randomModel(CHARACTERS, MANY);
    fc.assert(
      fc.property(fc.array(document, { minLength: 2, maxLength: 6 }), (texts) => {
        const alone = texts.map((text) => copy(new NgramScorer(model).scoreText(text)));
        const scorer = new NgramScorer(model);
        expect(texts.map((text) => copy(scorer.scoreText(text)))).toEqual(alone);
        expect(texts.toReversed().map((text) => copy(scorer.scoreText(text)))).toEqual(alone.toReversed());
      }),
      { numRuns: 15 },
    );
  });

  it("scores bytes as it scores the text that they hold, wherever they lie", () => {
    const scorer = new NgramScorer(randomModel(CHARACTERS, MANY));
    fc.assert(
      fc.property(document, (text) => {
        const expected = copy(scorer.scoreText(text));
        const bytes = new TextEncoder().encode(text);
        expect(copy(scorer.score(bytes))).toEqual(expected);
        expect(copy(scorer.score(Buffer.concat([Buffer.from("text"), bytes, Buffer.from("text")]), 4, 4 + bytes.length))).toEqual(expected);
      }),
      { numRuns: 30 },
    );
  });

  it("covers all of a text with its windows", () => {
    const model = randomModel(WORDS, ["harmful"], 1);
    model.table[wordBucket(WORDS, "needle") * 2] = 30_000;
    const scorer = new NgramScorer(model);
    for (const [before, after, windows] of [
      [0, 0, 1],
      [0, 127, 1],
      [127, 0, 1],
      [128, 0, 1],
      [200, 55, 1],
      [256, 0, 2],
      [100, 1000, 8],
      [900, 200, 8],
      [1100, 0, 8],
    ] as const) {
      const text = `${"hay ".repeat(before)}needle${" hay".repeat(after)}`;
      const score = scorer.scoreText(text);
      expect(score.windows).toBe(windows);
      expect(score.codePoints).toBe(text.length);
      expect(score.max[0]).toBeGreaterThan(0.9);
      expect(score.start[0]).toBeLessThanOrEqual(before * 4);
      expect(score.end[0]).toBeGreaterThanOrEqual(before * 4 + 6);
      expect(text.slice(score.start[0], score.end[0]).split(" ").length).toBeLessThanOrEqual(2 * BLOCK_TOKENS);
    }
  });

  it("scores a part of the labels with the same numbers, in the order asked for", () => {
    for (const features of [WORDS, CHARACTERS]) {
      const model = randomModel(features, MANY);
      const all = new NgramScorer(model);
      const parts = [
        ["harmful"],
        ["delta"],
        ["ruled"],
        ["ruled", "beta"],
        ["beta", "ruled"],
        ["gamma", "alpha"],
        ["delta", "gamma", "ruled", "harmful"],
        MANY,
        MANY.toReversed(),
      ];
      for (const labels of parts) {
        const part = new NgramScorer(withLabels(model, labels));
        // Labels that a rule follows come along behind.
        expect(part.labels.slice(0, labels.length)).toEqual(labels);
        fc.assert(
          fc.property(document, (text) => {
            const score = all.scoreText(text);
            const taken = part.scoreText(text);
            expect([taken.windows, taken.codePoints]).toEqual([score.windows, score.codePoints]);
            for (const key of ["max", "mean", "topK", "start", "end"] as const)
              expect([...taken[key]].slice(0, labels.length)).toEqual(labels.map((name) => score[key][MANY.indexOf(name)]));
          }),
          { numRuns: 10 },
        );
      }
    }
  });

  it("refuses a label that the model does not have", () => {
    expect(() => withLabels(randomModel(WORDS, MANY), ["harmful", "epsilon"])).toThrow("no label epsilon");
  });
});

/** Texts that break things: every script, lone surrogates, controls, block borders, nothing at all. */
const NASTY: string[] = [
  "",
  " ",
  "\n\t\r\f ",
  "\u0000",
  "nul\u0000within\u0000a text",
  "\u000b\u0085\u00a0\u2028\u3000\ufeff", // spaces to Unicode, symbols to onnxruntime's Tokenizer
  Array.from({ length: 33 }, (_, i) => String.fromCharCode(i)).join("a"),
  "\u007f\u0080\u009f",
  "The child, the CHILD and a minor.",
  "a",
  ".",
  "\ud800",
  "lone \ud83d high, lone \ude00 low, swapped \ude00\ud83d",
  "🙂🙂 👩‍👩‍👧‍👦 👍🏽 🇩🇪 ❤️ #️⃣",
  "e\u0301 n\u0303 Z͑ͫ̓ͪ̂ͫ̽͏̴̙̤̞͉͚̯̞̠͍A̴̵̜̰͔ͫ͗͢L̠ͨͧͩ͘G̴̻͈͍͔̹̑͗̎̅͛́Ǫ̵̹̻̝̳͂̌̌͘!",
  "日本語のテキスト、中文字符。한국어 문장",
  "שָׁלוֹם עולם \u202eabc\u202c العَرَبِيَّة ١٢٣",
  "ไทย हिन्दी தமிழ் ქართული Ελληνικά Кириллица",
  "İstanbul ıI ß ẞ ǅ ﬃ Å Å K Ω",
  "𝕳𝖊𝖑𝖑𝖔 𝟙𝟚𝟛 ①②③ ⅷ ½ ² ª",
  "snake_case kebab-case camelCase a.b/c\\d?e=f&g#h @user [x]{y}|z~ `code`",
  "x".repeat(31),
  "x".repeat(32),
  "x".repeat(33),
  "é".repeat(32),
  "é".repeat(33),
  "x".repeat(5000),
  "𐍈".repeat(40),
  "\uffff\ufffe\ufdd0 \u{10ffff} \ue000",
  ...[127, 128, 129, 255, 256, 257, 384, 385, 1000].flatMap((count) => ["child ".repeat(count), `${"a,".repeat(count >> 1)} minor`]),
  ...Array.from({ length: 12 }, (_, i) => longText(20 * 2 ** i)),
];

describe("the exported graph", () => {
  // Strings in onnxruntime end at U+0000, which the scorer takes for white space; so that is what the graph is given.
  const asInput = (text: string) => text.replaceAll("\u0000", " ");

  for (const [name, features] of [
    ["words", WORDS],
    ["words and character n-grams", CHARACTERS],
  ] as const) {
    it(`gives the scorer's numbers, one by one and in batches: ${name}`, async () => {
      const model = randomModel(features, MANY);
      const scorer = new NgramScorer(model);
      const session = await ort.InferenceSession.create(ngramOnnx(model, { name: "test", version: "0", metadata: {} }), {
        intraOpNumThreads: 1,
      });
      let worst = 0;
      const compare = async (texts: readonly string[]) => {
        const output = await session.run({
          [ONNX_INPUT]: new ort.Tensor("string", texts.map(asInput), [texts.length]),
        });
        const probabilities = output[ONNX_OUTPUT]!.data as Float32Array;
        expect(probabilities.length).toBe(texts.length * MANY.length);
        texts.forEach((text, row) => {
          scorer.scoreText(text).max.forEach((p, l) => {
            worst = Math.max(worst, Math.abs(p - probabilities[row * MANY.length + l]!));
          });
        });
      };
      const samples = fc.sample(fc.oneof(document, fc.string({ unit: "binary", maxLength: 300 })), {
        seed: 1,
        numRuns: 60,
      });
      for (const text of NASTY) await compare([text]);
      // Rows in a batch are padded to the longest, so the long ones go apart.
      const short = [...NASTY, ...samples].filter((text) => text.length < 3000);
      for (let i = 0; i < short.length; i += 16) await compare(short.slice(i, i + 16));
      await compare(short.slice(0, 8).toReversed());
      await compare(["", " "]);
      await compare([longText(1e6)]);
      expect(worst).toBeLessThanOrEqual(1e-5);
      await session.release();
    });
  }
});
