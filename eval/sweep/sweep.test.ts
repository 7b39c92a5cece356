import fc from "fast-check";
import { expect, test } from "vitest";
import { ledger, type ScoredDocument } from "./ledger.ts";
import { applyRule, describeRule, type Rule } from "./recommend.ts";
import { MAX_SOURCES, OTHER_SOURCES, sweep, sweepCsv } from "./sweep.ts";

const documents = fc.array(
  fc.record(
    {
      id: fc.uuid(),
      source: fc.constantFrom("a", "b", "c"),
      chars: fc.integer({ min: 1, max: 100 }),
      score: fc.integer({ min: 0, max: 10 }).map((k) => k / 10),
      label: fc.constantFrom<0 | 1>(0, 1),
    },
    { requiredKeys: ["id", "source", "chars", "score"] },
  ),
  { minLength: 1, maxLength: 40 },
) as fc.Arbitrary<ScoredDocument[]>;
const rules = fc.record({
  kind: fc.constantFrom<Rule["kind"]>("max-harmless-loss", "target-recall", "max-removed"),
  limit: fc.double({ min: 0, max: 1, noNaN: true }),
  unit: fc.constantFrom("documents" as const, "characters" as const),
});

test("a point counts what scores at or above its threshold", () => {
  fc.assert(
    fc.property(documents, (all) => {
      const { points } = sweep(all, {
        rule: { kind: "max-removed", limit: 0.1, unit: "documents" },
        thresholds: [0, 0.35, 0.5, 1],
        resamples: 0,
      });
      for (const p of points) {
        const removed = all.filter((d) => d.score >= p.threshold);
        const share = (label: number) => {
          const of = all.filter((d) => d.label === label);
          return of.length === 0 ? null : of.filter((d) => d.score >= p.threshold).length / of.length;
        };
        expect(p.removed_count.documents).toBe(removed.length);
        expect(p.removed_count.characters).toBe(removed.reduce((sum, d) => sum + d.chars, 0));
        expect(p.recall.documents).toBe(share(1));
        expect(p.harmless_loss.documents).toBe(share(0));
      }
    }),
  );
});

test("sources add up to the whole at every threshold", () => {
  fc.assert(
    fc.property(documents, (all) => {
      const { points, by_source } = sweep(all, { rule: { kind: "max-removed", limit: 0.1, unit: "documents" }, resamples: 0 });
      for (const p of points) {
        const own = by_source.filter((s) => s.threshold === p.threshold);
        expect(own.reduce((sum, s) => sum + s.removed_documents, 0)).toBe(p.removed_count.documents);
        expect(own.reduce((sum, s) => sum + s.removed_characters, 0)).toBe(p.removed_count.characters);
        expect(own.reduce((sum, s) => sum + s.documents, 0)).toBe(all.length);
      }
    }),
  );
});

test("the recommended threshold keeps its rule, and no other does better", () => {
  fc.assert(
    fc.property(documents, rules, (all, rule) => {
      const threshold = applyRule(ledger(all), rule);
      const mass = (d: ScoredDocument) => (rule.unit === "documents" ? 1 : d.chars);
      const counted = all.filter((d) => rule.kind === "max-removed" || d.label === (rule.kind === "target-recall" ? 1 : 0));
      const whole = counted.reduce((sum, d) => sum + mass(d), 0);
      if (whole === 0) {
        expect(threshold).toBeNull();
        return;
      }
      const share = (t: number) => counted.reduce((sum, d) => sum + (d.score >= t ? mass(d) : 0), 0) / whole;
      const others = [...new Set(all.map((d) => d.score))];
      if (rule.kind === "target-recall") {
        expect(share(threshold!)).toBeGreaterThanOrEqual(rule.limit);
        for (const t of others.filter((o) => o > threshold!)) expect(share(t)).toBeLessThan(rule.limit);
      } else {
        expect(share(threshold!)).toBeLessThanOrEqual(rule.limit);
        for (const t of others.filter((o) => o < threshold!)) expect(share(t)).toBeGreaterThan(rule.limit);
      }
    }),
    { numRuns: 500 },
  );
});

test("the order of documents does not matter, intervals included", () => {
  fc.assert(
    fc.property(documents, (all) => {
      const options = { rule: { kind: "max-removed", limit: 0.3, unit: "characters" } as const, resamples: 20 };
      expect(sweep(all.toReversed(), options)).toEqual(sweep(all, options));
    }),
    { numRuns: 30 },
  );
});

const corpus: ScoredDocument[] = Array.from({ length: 2000 }, (_, i) => ({
  id: `d${i}`,
  source: `s${i % 50}`,
  chars: 100 + (i % 7),
  score: (((i * 0.618034) % 1) * 0.7 + (i % 10 === 0 ? 0.3 : 0)) ** 2,
  label: i % 10 === 0 ? 1 : 0,
}));

test("interval holds the threshold, and of the shares what is measured", () => {
  const { recommended } = sweep(corpus, { rule: { kind: "max-harmless-loss", limit: 0.01, unit: "characters" } });
  expect(recommended!.interval![0]).toBeLessThanOrEqual(recommended!.threshold);
  expect(recommended!.interval![1]).toBeGreaterThanOrEqual(recommended!.threshold);
  expect(recommended!.point.harmless_loss.characters).toBeLessThanOrEqual(0.01);
  const [low, high] = recommended!.intervals["recall.documents"]!;
  expect(recommended!.point.recall.documents).toBeGreaterThan(low);
  expect(recommended!.point.recall.documents).toBeLessThan(high);
});

test("many sources are put together, and the CSV holds each threshold and source once", () => {
  const result = sweep(corpus, { rule: { kind: "max-removed", limit: 0.1, unit: "documents" }, thresholds: [0.2, 0.5], resamples: 0 });
  const sources = new Set(result.by_source.map((s) => s.source));
  expect(sources.size).toBe(MAX_SOURCES);
  expect(sources).toContain(OTHER_SOURCES);
  const lines = sweepCsv(result).trim().split("\n");
  expect(lines).toHaveLength(1 + result.points.length * (1 + MAX_SOURCES));
  expect(lines[1]).toMatch(/^0\.2,\*,2000,/);
  expect(lines[0]!.split(",")).toContain("false_positive_rate");
});

test("a rule that needs labels recommends nothing without them; rules read as sentences", () => {
  const unlabelled = corpus.map(({ id, source, chars, score }) => ({ id, source, chars, score }));
  const rule = { kind: "target-recall", limit: 0.95, unit: "documents" } as const;
  const result = sweep(unlabelled, { rule, resamples: 0 });
  expect(result.recommended).toBeNull();
  expect(result.points[0]!.recall).toEqual({ documents: null, characters: null });
  expect(result.histogram.counts["unlabelled"]!.reduce((a, b) => a + b)).toBe(2000);
  expect(describeRule(rule)).toBe("the highest threshold which removes at least 95 % of the harmful documents");
});
