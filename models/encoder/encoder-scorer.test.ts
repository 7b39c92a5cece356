import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type DocumentScore, TOP_K } from "#models/document-score";
import type { LoadedEncoder } from "#models/loaded-model";
import type { EncoderArchitecture } from "#models/manifest";
import { ENCODER_FILES } from "#models/package-files";
import { Random } from "#models/random";
import { type EncoderConfig, parseEncoderConfig } from "./config.ts";
import { EncoderScorer } from "./encoder-scorer.ts";
import { wordPieceJson } from "./fixture-tokenizer.ts";
import { encoderOnnx } from "./onnx/encoder-onnx.ts";
import { INPUT_TEXT, encoderTextOnnx } from "./onnx/text-graph.ts";
import { openTokenizer } from "./open-tokenizer.ts";
import { SyncSession } from "./session.ts";
import { expectedTensors } from "./tensor-names.ts";
import { elements, type Tensors } from "./tensors.ts";
import { WordVocabulary, wordHash } from "./vocabulary.ts";
import { cutWindows, windowCapacity, windowIds, windowSpan } from "./windows.ts";

const LABELS = ["alpha", "ruled", "beta"];
const OUTPUTS = ["alpha", "beta"];
const RULES = { ruled: { of: "beta", words: ["minor", "child"] } };
const WORDS = ["minor", "child", "cat", "dog", "tree", "the", "a", "over", "naïve", "文"];
const MAX_TOKENS = 12;

const folders: string[] = [];
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

function randomTensors(config: EncoderConfig, labels: number): Tensors {
  const random = new Random(3, "weights");
  const normal = () => random.next() + random.next() + random.next() - 1.5;
  return new Map(
    [...expectedTensors(config, labels)].map(([name, shape]) => [
      name,
      { shape, data: Float32Array.from({ length: elements(shape) }, () => (/Norm\.weight$|norm\.weight$/.test(name) ? 1 : normal())) },
    ]),
  );
}

/** A package's folder, as far as scoring needs it. */
function makePackage(config: EncoderConfig, tokenizer: "words" | "tokenizer.json"): LoadedEncoder {
  const dir = mkdtempSync(join(tmpdir(), "cordon-encoder-"));
  folders.push(dir);
  mkdirSync(join(dir, "onnx"));
  const tensors = randomTensors(config, OUTPUTS.length);
  for (const precision of ["fp32", "int8"] as const)
    writeFileSync(join(dir, ENCODER_FILES[precision]), encoderOnnx(config, tensors, OUTPUTS, { precision }));
  const vocabulary = new WordVocabulary(
    WORDS.map((word) => wordHash(word)!),
    7,
  );
  if (tokenizer === "words") writeFileSync(join(dir, ENCODER_FILES.vocabulary), vocabulary.serialize());
  else writeFileSync(join(dir, ENCODER_FILES.tokenizer), JSON.stringify(wordPieceJson(WORDS)));
  const architecture: EncoderArchitecture = {
    kind: "encoder",
    config,
    maxTokens: MAX_TOKENS,
    tokenizer,
    rules: RULES,
    precisions: { fp32: {}, int8: {} },
    default: "fp32",
  };
  return { kind: "encoder", dir, labels: LABELS, architecture };
}

const shape = { hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 24 };
const KINDS = {
  words: () =>
    makePackage(
      parseEncoderConfig(
        { ...shape, model_type: "cordon-pooled", vocab_size: 18, embedding_size: 8, window: 4, stride: 3, max_position_embeddings: 8 },
        "test",
      ),
      "words",
    ),
  "tokenizer.json": () =>
    makePackage(
      parseEncoderConfig({ ...shape, model_type: "bert", vocab_size: 200, max_position_embeddings: 16 }, "test"),
      "tokenizer.json",
    ),
} as const;

/** The score by the letter of the definition: every window alone, unpadded. */
function slowScore({ dir }: LoadedEncoder, text: string): DocumentScore {
  const tokenizer = openTokenizer(dir);
  const session = SyncSession.open(join(dir, ENCODER_FILES.fp32), { threads: 1 });
  const encoded = tokenizer.encode(text);
  const points = [...text];
  const windows = cutWindows(encoded.ids.length, windowCapacity(tokenizer, MAX_TOKENS)).map((window) => {
    const ids = windowIds(encoded, window, tokenizer);
    const padded = ids.length === 0 ? Int32Array.of(0) : ids;
    const input = (values: bigint[]) => session.int64(BigInt64Array.from(values), [1, padded.length]);
    const { probabilities } = session.run({
      input_ids: input(Array.from(padded, BigInt)),
      attention_mask: input(Array.from(padded, () => (ids.length === 0 ? 0n : 1n))),
    });
    const [alpha, beta] = probabilities!.data as Float32Array;
    const span = windowSpan(encoded, window);
    const inside = points.slice(span.start, span.end).join("");
    const ruled = /(?<![\p{L}\p{N}])(minor|child)(?![\p{L}\p{N}])/iu.test(inside) ? beta! : 0;
    return { p: [alpha!, ruled, beta!], ...span };
  });
  session.close();
  const of = (label: number) => windows.map(({ p }) => p[label]!);
  const mean = (values: number[]) => values.reduce((sum, p) => sum + p, 0) / values.length;
  const best = LABELS.map((_, label) => windows[of(label).indexOf(Math.max(...of(label)))]!);
  return {
    windows: windows.length,
    codePoints: points.length,
    max: Float64Array.from(LABELS, (_, label) => Math.max(...of(label))),
    mean: Float64Array.from(LABELS, (_, label) => mean(of(label))),
    topK: Float64Array.from(LABELS, (_, label) =>
      mean(
        of(label)
          .sort((a, b) => b - a)
          .slice(0, TOP_K),
      ),
    ),
    start: Int32Array.from(best, ({ start }) => start),
    end: Int32Array.from(best, ({ end }) => end),
  };
}

function expectScore(got: DocumentScore, wanted: DocumentScore): void {
  expect([got.windows, got.codePoints]).toEqual([wanted.windows, wanted.codePoints]);
  for (const key of ["max", "mean", "topK"] as const)
    got[key].forEach((value, i) => expect(Math.abs(value - wanted[key][i]!)).toBeLessThan(1e-5));
}

const words = fc.constantFrom(...WORDS, "CHILD", "zebra", "𝒳𝒳", "été", "?", "-");
const text = fc.array(words, { maxLength: 60 }).map((list) => list.join(" "));

describe.each(Object.keys(KINDS) as (keyof typeof KINDS)[])("a package with %s", (kind) => {
  let loaded: LoadedEncoder;
  let scorer: EncoderScorer;
  beforeAll(() => {
    loaded = KINDS[kind]();
    scorer = new EncoderScorer(loaded, { threads: 1 });
  });
  afterAll(() => scorer.close());

  test("scores are those of the definition: each window alone", () => {
    fc.assert(
      fc.property(text, (t) => expectScore(scorer.scoreText(t), slowScore(loaded, t))),
      { numRuns: 25 },
    );
  });

  test("many texts at once, in bytes, or one by one: the same scores and the same spans", () => {
    fc.assert(
      fc.property(fc.array(text, { minLength: 1, maxLength: 12 }), (texts) => {
        const together = scorer.scoreTexts(texts);
        expect(together).toHaveLength(texts.length);
        texts.forEach((t, i) => {
          expectScore(scorer.scoreText(t), together[i]!);
          const bytes = new TextEncoder().encode(`xx${t}yy`);
          expectScore(scorer.score(bytes, 2, bytes.length - 2), together[i]!);
          for (let label = 0; label < LABELS.length; label++) {
            expect(together[i]!.start[label]!).toBeLessThanOrEqual(together[i]!.end[label]!);
            expect(together[i]!.end[label]!).toBeLessThanOrEqual([...t].length);
          }
        });
      }),
      { numRuns: 25 },
    );
  });

  test("the rule's label is that of its window, where the window has one of the words, else 0", () => {
    const [alpha, ruled, beta] = scorer.scoreText("the cat over a tree").max;
    expect(alpha).toBeGreaterThan(0);
    expect(ruled).toBe(0);
    const named = scorer.scoreText("the Minor over a tree");
    expect(named.max[1]).toBe(named.max[2]);
    expect(beta).toBeGreaterThan(0);
    // Part of a longer word is no such word.
    expect(scorer.scoreText("minority childish").max[1]).toBe(0);
    // A word far behind is not in the window that it is not in.
    const far = scorer.scoreText(`${"cat ".repeat(100)}minor`);
    expect(far.start[1]).toBeGreaterThan(100);
    expect(far.end[1]).toBe(405);
  });

  test("a text without tokens has one window, a finite score and no span", () => {
    for (const empty of ["", " \n\t "]) {
      const score = scorer.scoreText(empty);
      expect([score.windows, score.start[0], score.end[0]]).toEqual([1, 0, 0]);
      expect([...score.max].every((p) => p >= 0 && p <= 1)).toBe(true);
    }
  });

  test("int8 is near", () => {
    const small = new EncoderScorer(loaded, { threads: 1, precision: "int8" });
    const texts = ["the cat", "a naïve dog over the tree ".repeat(9), "child"];
    const near = small.scoreTexts(texts);
    scorer.scoreTexts(texts).forEach((score, i) => {
      expect(Math.abs(score.max[0]! - near[i]!.max[0]!)).toBeLessThan(0.2);
      expect(score.windows).toBe(near[i]!.windows);
    });
    small.close();
  });
});

describe("a package that does not fit together", () => {
  test("longer windows than the network has places for", () => {
    const loaded = KINDS["tokenizer.json"]();
    const architecture = { ...loaded.architecture, maxTokens: 17 };
    expect(() => new EncoderScorer({ ...loaded, architecture })).toThrow(/17 tokens are longer than the 16/);
  });

  test("a graph of other labels", () => {
    const loaded = KINDS.words();
    const scorer = new EncoderScorer({ ...loaded, labels: ["alpha", "ruled", "beta", "gamma"] });
    expect(() => scorer.scoreText("cat")).toThrow(/2 outputs, and the package names 3 labels/);
    scorer.close();
  });

  test("a missing and a damaged graph", () => {
    const loaded = KINDS.words();
    rmSync(join(loaded.dir, ENCODER_FILES.fp32));
    expect(() => new EncoderScorer(loaded)).toThrow(/the graph is not there/);
    writeFileSync(join(loaded.dir, ENCODER_FILES.fp32), "no graph");
    expect(() => new EncoderScorer(loaded)).toThrow(/onnxruntime cannot load the graph/);
  });
});

test("weights that are not numbers give scores that are not numbers, never a low score", () => {
  const loaded = KINDS.words();
  const tensors = randomTensors(loaded.architecture.config, OUTPUTS.length);
  tensors.get("classifier.bias")!.data[0] = Number.NaN;
  writeFileSync(join(loaded.dir, ENCODER_FILES.fp32), encoderOnnx(loaded.architecture.config, tensors, OUTPUTS, { precision: "fp32" }));
  const scorer = new EncoderScorer(loaded);
  const { max, mean, topK } = scorer.scoreText("the cat");
  expect([max[0], mean[0], topK[0]]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
  expect(max[2]).toBeGreaterThan(0);
  scorer.close();
});

test("the graph that takes strings gives the scorer's maxima, for any text", () => {
  const loaded = KINDS.words();
  const { config, rules, maxTokens } = loaded.architecture;
  const tensors = randomTensors(config, OUTPUTS.length);
  const vocabulary = openTokenizer(loaded.dir) as WordVocabulary;
  const session = SyncSession.open(encoderTextOnnx({ config, tensors, labels: LABELS, rules, vocabulary, maxTokens }), { threads: 1 });
  const scorer = new EncoderScorer(loaded, { threads: 1 });
  const any = fc.oneof(
    text,
    fc.string({ unit: "grapheme", maxLength: 40 }).map((t) => t.toWellFormed().replaceAll("\0", " ")),
  );
  fc.assert(
    fc.property(fc.array(any, { minLength: 1, maxLength: 6 }), (texts) => {
      const { data, dims } = session.run({ [INPUT_TEXT]: session.strings(texts) }).probabilities!;
      expect(dims).toEqual([texts.length, LABELS.length]);
      scorer
        .scoreTexts(texts)
        .forEach((score, i) =>
          score.max.forEach((p, label) => expect(Math.abs(p - (data as Float32Array)[i * LABELS.length + label]!)).toBeLessThan(1e-5)),
        );
    }),
    { numRuns: 60, examples: [[[""]], [["", " "]], [["cat ".repeat(200), "", "child"]]] },
  );
  scorer.close();
  session.close();
});
