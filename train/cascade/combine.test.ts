import { expect, test } from "vitest";
import { Random } from "#models/random";
import { fitCombination } from "./combine.ts";

const random = new Random(5, "combine.test");
const normal = () => Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
const rows = (n: number, of: (a: number, b: number) => number, second = (_: number) => normal() * 2) => {
  const first = Array.from({ length: n }, () => normal() * 2);
  const other = first.map(second);
  return { first, second: other, labels: first.map((a, i) => (random.next() < sigmoid(of(a, other[i]!)) ? 1 : 0)) };
};

test("finds the slopes and the intercept that made the labels", () => {
  const { first, second, labels } = rows(20_000, (a, b) => 0.5 * a + 1.2 * b - 1);
  const fitted = fitCombination(first, second, labels)!;
  expect(fitted.first).toBeCloseTo(0.5, 1);
  expect(fitted.second).toBeCloseTo(1.2, 1);
  expect(fitted.intercept).toBeCloseTo(-1, 1);
});

test("is at the minimum: the gradient vanishes", () => {
  const { first, second, labels } = rows(500, (a, b) => a + b);
  const { first: a, second: b, intercept: c } = fitCombination(first, second, labels)!;
  const positives = labels.reduce((sum: number, y) => sum + y, 0);
  const target = (y: number) => (y ? (positives + 1) / (positives + 2) : 1 / (labels.length - positives + 2));
  const gradient = [first, second, first.map(() => 1)].map((x) =>
    x.reduce((sum, value, i) => sum + (sigmoid(a * first[i]! + b * second[i]! + c) - target(labels[i]!)) * value, 0),
  );
  for (const g of gradient) expect(Math.abs(g)).toBeLessThan(1e-3);
});

test("a stage that points the wrong way counts for nothing, and the other as if it were alone", () => {
  const { first, second, labels } = rows(5000, (a, b) => b - 0.5 * a);
  const fitted = fitCombination(first, second, labels)!;
  expect(fitted.first).toBe(0);
  expect(fitted.second).toBeGreaterThan(0.7);
  const turned = fitCombination(second, first, labels)!;
  expect([turned.second, turned.first]).toEqual([0, fitted.second]);
});

test("two stages that agree in everything are shared by", () => {
  const { first, labels } = rows(2000, (a) => a);
  const { first: a, second: b } = fitCombination(first, first, labels)!;
  expect(a + b).toBeCloseTo(1, 0);
  expect(Number.isFinite(a) && Number.isFinite(b)).toBe(true);
});

test("nothing is fitted on too few rows of a class, or where neither stage rises with the label", () => {
  expect(fitCombination([1, 2, 3], [1, 2, 3], [0, 1, 1])).toBeNull();
  const { first, second, labels } = rows(2000, (a, b) => -a - b);
  expect(fitCombination(first, second, labels)).toBeNull();
});
