import { expect, test } from "vitest";
import { positiveWeight, sourceWeights } from "./balance.ts";

test("a source beyond its cap weighs √(n · cap) in all, a smaller one what it is", () => {
  const sources = [...new Array<string>(400).fill("large"), ...new Array<string>(50).fill("small"), ...new Array<string>(100).fill("even")];
  const weights = sourceWeights(sources, { sourceCap: 100, sourceWeights: {}, classPower: 0 });
  const total = (name: string) => weights.reduce((sum, w, i) => sum + (sources[i] === name ? w : 0), 0);
  expect(total("large")).toBeCloseTo(Math.sqrt(400 * 100), 3);
  expect(total("small")).toBe(50);
  expect(total("even")).toBe(100);
  expect(new Set(weights).size).toBe(2);
});

test("a named source weighs what it is given, before its cap; no cap leaves all as they are", () => {
  const sources = ["a", "a", "a", "a", "b"];
  expect([...sourceWeights(sources, { sourceCap: 0, sourceWeights: { a: 0.25 }, classPower: 0 })]).toEqual([0.25, 0.25, 0.25, 0.25, 1]);
  expect([...sourceWeights(sources, { sourceCap: 1, sourceWeights: { a: 0.5 }, classPower: 0 })]).toEqual([0.25, 0.25, 0.25, 0.25, 1]);
  expect(sourceWeights([], { sourceCap: 3, sourceWeights: {}, classPower: 0 })).toHaveLength(0);
});

test("positives weigh a power of negatives / positives, from 1 to 50", () => {
  expect(positiveWeight(10, 160, 0)).toBe(1);
  expect(positiveWeight(10, 160, 0.5)).toBe(4);
  expect(positiveWeight(10, 160, 1)).toBe(16);
  expect(positiveWeight(1, 1e6, 1)).toBe(50);
  expect(positiveWeight(100, 10, 1)).toBe(1);
  expect(positiveWeight(0, 10, 1)).toBe(1);
});
