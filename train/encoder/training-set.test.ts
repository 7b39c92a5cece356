import { describe, expect, it } from "vitest";
import type { Example } from "#datasets/example";
import { emptyScore } from "#models/document-score";
import { WordVocabulary, wordHash } from "#models/encoder/vocabulary";
import type { Row } from "#train/label-states";
import { SCRATCH_DEFAULTS } from "./defaults.ts";
import { labelTargets } from "./targets.ts";
import { addTeacher } from "./teacher.ts";
import { Turns } from "./turns.ts";
import { microBatches, trainingSet, weightOf } from "./training-set.ts";

const LABELS = ["harmful", "hate", "privacy"];
const PLAIN = { ...SCRATCH_DEFAULTS, smoothing: 0, harmfulWeight: 0.5 };
const row = (text: string, fields: Partial<Example> = {}): Row => ({
  split: "train",
  example: { id: text, text, label: 0, categories: [], unknown: [], lang: "en", synthetic: true, ...fields },
});
const words = Array.from({ length: 40 }, (_, i) => `w${i}`);
const tokenizer = new WordVocabulary(
  Int32Array.from(words, (word) => wordHash(word)!),
  4,
);
const f32 = (values: readonly number[]) => [...Float32Array.from(values)];

describe("labelTargets", () => {
  const rows = [
    row("a", { label: 1, categories: ["hate"] }),
    row("b", { label: 1, categories: ["hate"], unknown: ["privacy"], labelDist: 0.75 }),
    row("c", { unknown: ["*"] }),
  ];

  it("masks what is unknown, and gives harmful its share of the loss", () => {
    const { target, weight, rowWeight } = labelTargets(rows, LABELS, { ...PLAIN, softLabels: false });
    expect([...target]).toEqual([1, 1, 0, 1, 1, 0, 0, 0, 0]);
    expect([...weight]).toEqual([0.5, 0.25, 0.25, 0.5, 0.25, 0, 0.5, 0, 0]);
    expect([...rowWeight]).toEqual([1, 1, 1]);
    expect([...labelTargets(rows, ["harmful"], PLAIN).weight]).toEqual([1, 1, 1]);
  });

  it("takes shares of annotators, and smooths", () => {
    expect(labelTargets(rows, LABELS, PLAIN).target[3]).toBe(0.75);
    const { target } = labelTargets(rows, LABELS, { ...PLAIN, smoothing: 0.1 });
    expect([target[0], target[3], target[6]]).toEqual(f32([0.95, 0.725, 0.05]));
  });

  it("balances classes and sources as the n-gram model's trainer does", () => {
    const many = [...Array.from({ length: 9 }, (_, i) => row(`n${i}`, { source: "large" })), row("p", { label: 1, source: "small" })];
    const { weight, rowWeight } = labelTargets(many, ["harmful"], { ...PLAIN, classPower: 1, sourceCap: 1 });
    expect(rowWeight[0]).toBeCloseTo(1 / 3, 6);
    expect(weight[9]! / weight[0]!).toBeCloseTo(3 * 3, 4);
  });
});

describe("trainingSet", () => {
  const long = Array.from({ length: 100 }, (_, i) => words[i % 40]).join(" ");
  const rows = [row("w1 w2", { label: 1 }), row(long), row("")];
  const targets = labelTargets(rows, LABELS, PLAIN);
  const set = trainingSet(rows, targets, 3, tokenizer, { maxTokens: 8, windowsPerText: 4 });

  it("takes at most so many windows of a text, spread over it, which share its weight", () => {
    expect([...set.row]).toEqual([0, 1, 1, 1, 1, 2]);
    expect([...set.lengths]).toEqual([2, 8, 8, 8, set.lengths[4], 0]);
    expect([...set.windowWeight]).toEqual([1, 0.25, 0.25, 0.25, 0.25, 1]);
    expect([...set.weight.subarray(3, 6)]).toEqual([0.125, 0.0625, 0.0625]);
    expect(set.spans[2]).toBe(0);
    expect(set.spans[9]).toBe(long.length);
    expect(weightOf(set, Int32Array.of(0, 1))).toBe(1.25);
  });

  it("puts windows side by side in parts under a budget, with their targets", () => {
    const parts = microBatches(set, Int32Array.of(1, 0, 2), { microTokens: 16, padId: 0, maxTokens: 8 });
    expect(parts.map(({ batch }) => [batch.rows, batch.tokens])).toEqual([
      [2, 8],
      [1, 8],
    ]);
    expect([...parts[0]!.batch.ids.subarray(0, 3)]).toEqual([...set.ids[0]!, 0]);
    expect(parts[0]!.target[0]).toBe(1);
    expect(parts.reduce((sum, { tokens }) => sum + tokens, 0)).toBe(18);
  });

  it("mixes a teacher's probabilities in: known labels by its weight, unknown ones alone", async () => {
    const unknown = [row("😀 w1 w2", { label: 1, unknown: ["hate"] }), row("w3")];
    const taught = trainingSet(unknown, labelTargets(unknown, LABELS, PLAIN), 3, tokenizer, { maxTokens: 8, windowsPerText: 4 });
    const seen: string[] = [];
    const score = emptyScore(2);
    score.max.set([0.5, 0.25]);
    const scoreText = (text: string) => {
      seen.push(text);
      return score;
    };
    const scorer = { labels: ["harmful", "hate"], scoreText, score: () => score };
    await addTeacher(taught, unknown, LABELS, [0.5, 0.25, 0.25], { scorer, id: "t" }, 0.4, new Turns());
    expect(seen).toEqual(["😀 w1 w2", "w3"]);
    expect([...taught.target]).toEqual(f32([0.8, 0.25, 0, 0.2, 0.1, 0]));
    expect([...taught.weight]).toEqual(f32([0.5, 0.1, 0.25, 0.5, 0.25, 0.25]));
    const stopped = new Turns(AbortSignal.abort(new Error("stopped")));
    await expect(addTeacher(taught, unknown, LABELS, [1, 1, 1], { scorer, id: "t" }, 0.4, stopped)).rejects.toThrow("stopped");
    score.max[0] = Number.NaN;
    await expect(addTeacher(taught, unknown, LABELS, [1, 1, 1], { scorer, id: "t" }, 0.4, new Turns())).rejects.toThrow(/no probability/);
  });
});
