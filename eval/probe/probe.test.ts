import { expect, test } from "vitest";
import { probe, type ProbeDocument } from "./probe.ts";

const encoder = new TextEncoder();
/** Two domains with vocabularies of their own, made of invented words. */
const words = { 1: ["virobe", "plasmid", "infolect", "capsule", "replica"], 0: ["market", "winter", "garden", "teacher", "river"] };
const documents: ProbeDocument[] = Array.from({ length: 400 }, (_, i) => {
  const label = i % 4 === 0 ? 1 : 0;
  const text = Array.from({ length: 30 }, (_, k) => words[label][(i * 7 + k * k * 3) % 5]).join(" ");
  // A filter that is right but for every twentieth document.
  const right = i % 20 !== 3;
  return { id: `d${i}`, label, score: ((label === 1) === right ? 0.7 : 0.1) + (i % 10) / 50, text: encoder.encode(text) };
});

test("a filter that works makes the domain less known and leaves the rest; the control does neither", () => {
  const result = probe(documents, [0.5])!;
  expect(result.points.map((p) => p.threshold)).toEqual([0.5, null]);
  const [kept, all] = result.points as [(typeof result.points)[0], (typeof result.points)[0]];
  expect(kept.filtered.hazard).toBeGreaterThan(kept.control.hazard * 1.1);
  expect(kept.filtered.general).toBeLessThan(all.filtered.general * 1.05);
  expect(all.filtered.hazard).toBeCloseTo(all.control.hazard, 10);
  expect(kept.trainedBytes).toBeLessThan(all.trainedBytes);
});

test("adding as the threshold rises is the same as training anew at each", () => {
  const together = probe(documents, [0.2, 0.5, 0.75, 0.8])!;
  for (const point of together.points.slice(0, -1)) {
    const alone = probe(documents, [point.threshold!])!.points[0]!;
    expect(alone.filtered.hazard).toBeCloseTo(point.filtered.hazard, 12);
    expect(alone.trainedBytes).toBe(point.trainedBytes);
  }
});

test("the order of documents does not matter, and one domain alone cannot be probed", () => {
  expect(probe(documents.toReversed(), [0.5])).toEqual(probe(documents, [0.5]));
  expect(
    probe(
      documents.filter((d) => d.label === 0),
      [0.5],
    ),
  ).toBeNull();
});

test("bytes are bounded", () => {
  const result = probe(documents, [0.5], { maxBytes: 20_000, maxHeldOutBytes: 500 })!;
  expect(result.points.at(-1)!.trainedBytes).toBeLessThan(20_400);
  expect(result.heldOutBytes.general).toBeLessThan(800);
});
