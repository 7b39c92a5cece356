import { expect, test } from "vitest";
import { wordBucket } from "#models/ngram/features";
import { NgramScorer } from "#models/ngram/scorer";
import { Random } from "#models/random";
import { designMatrix } from "./design-matrix.ts";
import type { LogisticFit } from "./logistic.ts";
import { quantizeModel } from "./quantize.ts";

const FEATURES = { bits: 15, charNgrams: null };
const random = new Random(3, "quantize");
const texts = Array.from({ length: 200 }, () => Array.from({ length: 1 + random.below(60) }, () => `w${random.below(300)}`).join(" "));
const matrix = designMatrix(texts, () => true, FEATURES, 1);
/** Weights as a fit has them: most near zero, a few large. */
const fit = (bias: number): LogisticFit => ({
  weights: new Float32Array(matrix.columns).map(() => (random.next() - 0.5) ** 5 * 200),
  bias,
  epochs: 1,
  validationLoss: [],
});
const fits = new Map([
  ["harmful", fit(-1)],
  ["sexual-content", fit(0.5)],
]);
const labels = ["harmful", "sexual-content", "child-exploitation"];
const rules = { "child-exploitation": { of: "sexual-content", words: ["minor", "minors"] } };

const floatLogit = ({ weights, bias }: LogisticFit, row: number): number => {
  let z = 0;
  for (let k = matrix.offsets[row]!; k < matrix.offsets[row + 1]!; k++)
    z += weights[matrix.features[k]!]! * matrix.idf[matrix.features[k]!]!;
  return z * matrix.inverseNorm[row]! + bias;
};

test("sixteen bits are enough: logits of the integer model are those of the fit within a thousandth of their range", () => {
  const scorer = new NgramScorer(quantizeModel(matrix, FEATURES, labels, fits, rules));
  for (const [index, label] of labels.slice(0, 2).entries()) {
    const float = texts.map((_, row) => floatLogit(fits.get(label)!, row));
    const range = Math.max(...float) - Math.min(...float);
    expect(range).toBeGreaterThan(0.5);
    texts.forEach((text, row) => {
      const p = scorer.scoreText(text).max[index]!;
      expect(Math.abs(Math.log(p / (1 - p)) - float[row]!)).toBeLessThan(range * 1e-3);
    });
  }
});

test("the largest weight of each column takes the whole range, a feature that is used never has no mass", () => {
  const { table } = quantizeModel(matrix, FEATURES, labels, fits, rules);
  const column = (c: number) => table.filter((_, i) => i % 4 === c);
  for (const c of [0, 1]) expect(column(c).reduce((high, w) => Math.max(high, Math.abs(w)), 0)).toBe(32767);
  expect(column(3).reduce((high, w) => Math.max(high, w), 0)).toBe(32767);
  expect(column(3).filter((mass) => mass > 0)).toHaveLength(matrix.columns);
  expect(column(3).every((mass) => mass >= 0)).toBe(true);
});

test("a label with a rule counts its words and learns nothing", () => {
  const { table, slope, intercept } = quantizeModel(matrix, FEATURES, labels, fits, rules);
  expect([slope[2], intercept[2]]).toEqual([0, 0]);
  expect(table.filter((value, i) => i % 4 === 2 && value !== 0)).toHaveLength(2);
  for (const word of ["minor", "minors"]) expect(table[wordBucket(FEATURES, word) * 4 + 2]).toBe(1);
});

test("a fit of nothing is a model of nothing", () => {
  const empty = designMatrix(["", "!"], () => true, FEATURES, 5);
  expect(empty.columns).toBe(0);
  const model = quantizeModel(
    empty,
    FEATURES,
    ["harmful"],
    new Map([["harmful", { weights: new Float32Array(0), bias: 0.5, epochs: 0, validationLoss: [] }]]),
    {},
  );
  expect(model.table.every((value) => value === 0)).toBe(true);
  expect(new NgramScorer(model).scoreText("anything").max[0]).toBeCloseTo(1 / (1 + Math.exp(-0.5)), 6);
});
