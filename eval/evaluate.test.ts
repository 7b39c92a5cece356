import { expect, test } from "vitest";
import { evaluateSet, type ScoredRow } from "./evaluate.ts";
import { boundsOf, checkGate, gateFileSchema, metricAt, parseBound } from "./gate.ts";
import { setNames } from "./set-name.ts";

const rows: ScoredRow[] = Array.from({ length: 200 }, (_, i) => ({
  score: ((i * 0.618034) % 1) * (i % 4 === 0 ? 1 : 0.6),
  label: i % 4 === 0 ? 1 : 0,
}));

test("a set's evaluation: shape, masking, and the package's threshold", () => {
  const result = evaluateSet([...rows, { score: 0.9, label: -1 }], { threshold: 0.6, resamples: 50 });
  expect(result).toMatchObject({ n: 200, positives: 50, masked: 1, threshold: 0.6, fpr: 0 });
  expect(Object.keys(result.recall_at_fpr)).toEqual(["0.01", "0.001"]);
  expect(Object.keys(result.precision_at_recall)).toEqual(["0.98", "0.95", "0.9"]);
  expect(result.flagged).toBe(rows.filter((r) => r.score >= 0.6).length / 200);
  expect(result).toEqual(evaluateSet([...rows].reverse().concat({ score: 0.1, label: -1 }), { threshold: 0.6, resamples: 50 }));
});

test("one class: null and the reason, never NaN, in JSON too", () => {
  const result = evaluateSet(
    [
      { score: 0.9, label: 0 },
      { score: 0.1, label: 0 },
    ],
    { resamples: 10 },
  );
  expect(result).toMatchObject({
    auroc: null,
    average_precision: null,
    recall: null,
    fpr: 0.5,
    undefined_because: "every row is negative",
  });
  expect(result.intervals).not.toHaveProperty("auroc");
  expect(JSON.stringify(evaluateSet([]))).not.toContain("NaN");
  expect(evaluateSet([{ score: 1, label: -1 }])).toMatchObject({ n: 0, masked: 1, undefined_because: "no row has a known target" });
});

test("the reference point is measured at its own threshold", () => {
  const result = evaluateSet(rows, { resamples: 0, reference: { name: "benign", share: 0.01, threshold: 0.3 } });
  const at = (label: number) =>
    rows.filter((r) => r.label === label && r.score >= 0.3).length / rows.filter((r) => r.label === label).length;
  expect(result.at_reference).toEqual({ name: "benign", share: 0.01, threshold: 0.3, recall: at(1), fpr: at(0) });
});

test("gates: bounds from the command line and from a file", () => {
  const sets = { a: evaluateSet(rows, { resamples: 20 }), "a.b": evaluateSet(rows.slice(0, 40), { resamples: 20 }), none: evaluateSet([]) };
  expect(parseBound("a.b.auroc >= 0.5", Object.keys(sets))).toEqual({ set: "a.b", metric: "auroc", relation: ">=", limit: 0.5 });
  const bounds = ["a.auroc>=0.5", "a.auroc.low>=0.99", "a.recall_at_fpr.0.01>=0", "a.ece<=0", "none.auroc>=0"].map((t) =>
    parseBound(t, Object.keys(sets)),
  );
  expect(checkGate(sets, bounds).map((r) => r.met)).toEqual([true, false, true, false, false]);
  expect(boundsOf(gateFileSchema.parse({ a: { auroc: { min: 0.1, max: 0.9 } } }))).toHaveLength(2);
  expect(() => parseBound("a.auroc", ["a"])).toThrow("not a bound");
  expect(() => parseBound("z.auroc>=1", ["a"])).toThrow("the sets are a");
  expect(() => checkGate(sets, [parseBound("a.aurocc>=1", ["a"])])).toThrow("unknown metric");
  expect(metricAt(sets.a, "intervals.auroc")).toBeUndefined();
});

test("set names: extensions go, a shared name takes its folder", () => {
  expect(setNames(["x/dev/olid.jsonl.gz", "y.csv", "a.v2.parquet"])).toEqual(["olid", "y", "a.v2"]);
  expect(setNames(["x/dev/olid.jsonl.gz", "x/train/olid.jsonl", "b.json"])).toEqual(["dev/olid", "train/olid", "b"]);
  expect(setNames(["p/x/a.json", "q/x/a.json"])).toEqual(["p/x/a", "q/x/a"]);
  expect(setNames(["a.json", "a.jsonl"])).toEqual(["a.json", "a.jsonl"]);
});
