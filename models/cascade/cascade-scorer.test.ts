import { describe, expect, test } from "vitest";
import { fixtureNgram } from "#models/fixture-package";
import type { DocumentScore } from "#models/document-score";
import type { LoadedCascade } from "#models/loaded-model";
import type { Combination } from "#models/manifest";
import { sigmoid } from "#models/ngram/model";
import type { NgramModel } from "#models/ngram/model";
import { NgramScorer } from "#models/ngram/scorer";
import { Random } from "#models/random";
import { alone, joined, logit } from "./cascade-model.ts";
import { CascadeScorer } from "./cascade-scorer.ts";

const combination: Combination = {
  alone: { slope: 0.9, intercept: 0.1 },
  both: { first: 0.4, second: 0.8, intercept: -0.2 },
  rule: false,
};
type Cascade = Pick<LoadedCascade, "labels" | "architecture" | "aggregate">;
const cascadeOf = (low: number, high: number): Cascade => ({
  labels: ["harmful", "hate", "child-exploitation"],
  aggregate: "max",
  architecture: {
    kind: "cascade",
    decides: "harmful",
    band: { low, high },
    bands: [],
    escalate: { share: 0.5, measured: 0.5, texts: 2, on: "calibration" },
    combine: { harmful: combination, hate: { ...combination, both: null }, "child-exploitation": { ...combination, rule: true } },
  },
});
/** Another model of the same labels, in another order. */
function secondNgram(): NgramModel {
  const model = fixtureNgram();
  const [harmful, hate, minors] = model.labels as [string, string, string];
  return {
    ...model,
    labels: [hate, harmful, minors],
    intercept: Float32Array.of(0.5, 0.2, 0),
    rules: { [minors]: { of: hate, words: ["minor"] } },
  };
}
const random = new Random(9, "cascade-scorer.test");
const words = ["one", "two", "three", "minor", "Ünïcode", "字", "🙂", "42"];
const texts = ["", "minor", ...Array.from({ length: 60 }, (_, i) => Array.from({ length: 1 + i * 6 }, () => random.pick(words)).join(" "))];
const copy = (score: DocumentScore) => structuredClone(score);
const first = () => new NgramScorer(fixtureNgram());
const second = () => new NgramScorer(secondNgram());

describe("CascadeScorer", () => {
  test("escalates what lies in the band, the lower end included, joins by the label's name, and counts", () => {
    const [one, two] = [first(), second()];
    const middle = texts.map((text) => one.scoreText(text).max[0]!).sort((a, b) => a - b)[texts.length / 2]!;
    const cascade = new CascadeScorer(cascadeOf(middle, 1), first(), second());
    let escalated = 0;
    for (const text of texts) {
      const a = copy(one.scoreText(text));
      const b = copy(two.scoreText(text));
      const score = cascade.scoreText(text);
      const unsure = a.max[0]! >= middle && a.max[0]! < 1;
      if (unsure) escalated++;
      expect(score.escalated).toBe(unsure);
      expect(score.codePoints).toBe(a.codePoints);
      const [slope, c] = [combination.alone.slope, combination.alone.intercept];
      const expected = unsure ? sigmoid(0.4 * logit(a.max[0]!) + 0.8 * logit(b.max[1]!) - 0.2) : sigmoid(slope * logit(a.max[0]!) + c);
      expect(score.max[0]).toBe(expected);
      expect(score.end[0]).toBe(unsure ? b.end[1] : a.end[0]);
      // A label that does not join keeps the first stage's score and span.
      expect(score.max[1]).toBe(sigmoid(slope * logit(a.max[1]!) + c));
      expect(score.start[1]).toBe(a.start[1]);
    }
    expect(escalated).toBeGreaterThan(5);
    expect(escalated).toBeLessThan(texts.length - 5);
  });

  test("gives the same for bytes and for strings, one by one or many, in any order", () => {
    const cascade = new CascadeScorer(cascadeOf(0.2, 0.6), first(), second());
    const byText = texts.map((text) => copy(cascade.scoreText(text)));
    expect(cascade.scoreTexts(texts)).toEqual(byText);
    const bytes = texts.map((text) => new TextEncoder().encode(`x${text}`));
    expect(bytes.map((b) => copy(cascade.score(b, 1, b.length)))).toEqual(byText);
    expect(
      texts
        .toReversed()
        .map((text) => copy(cascade.scoreText(text)))
        .toReversed(),
    ).toEqual(byText);
  });

  test("without a second stage scores what is sure, and is null for the rest", () => {
    const whole = new CascadeScorer(cascadeOf(0.3, 0.5), first(), second());
    const quick = new CascadeScorer(cascadeOf(0.3, 0.5), first(), null);
    for (const text of texts) {
      const score = whole.scoreText(text);
      expect(quick.scoreQuickly(text)).toEqual(score.escalated ? null : score);
    }
    const unsure = texts.find((text) => quick.scoreQuickly(text) === null)!;
    expect(() => quick.scoreText(unsure)).toThrow(/not opened/);
  });

  test("a label by a rule is 0 without its words, and the higher of what each stage's windows caught", () => {
    const ruled: Combination = { ...combination, rule: true };
    expect(alone(ruled, 0)).toBe(0);
    expect(joined(ruled, 0, 0)).toBe(0);
    expect(joined(ruled, 0, 0.7)).toBe(0.7);
    expect(joined(ruled, 0.7, 0)).toBe(alone(ruled, 0.7));
    expect(joined(ruled, 0.7, 0.7)).toBe(joined(combination, 0.7, 0.7));
  });

  test("a score that is no number stays none, whichever stage gave it, and is not escalated", () => {
    expect(alone(combination, Number.NaN)).toBeNaN();
    expect(joined(combination, 0.5, Number.NaN)).toBeNaN();
    const broken = { ...fixtureNgram(), slope: Float32Array.of(Number.NaN, 0, 0) };
    const cascade = new CascadeScorer(cascadeOf(0, 2), new NgramScorer(broken), second());
    const score = cascade.scoreText("one two");
    expect([score.max[0], score.escalated]).toEqual([Number.NaN, false]);
  });

  test("probabilities of 0 and 1 have finite logits and join", () => {
    for (const p of [0, 1]) {
      expect(Number.isFinite(logit(p))).toBe(true);
      expect(joined(combination, p, 1 - p)).toBeGreaterThan(0);
      expect(joined({ ...combination, both: { first: 0, second: 1, intercept: 0 } }, p, 0.3)).toBeCloseTo(0.3, 12);
    }
  });
});
