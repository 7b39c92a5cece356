import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tokensOf } from "#eval/diversity/tokens";
import { readFrames } from "#datasets/grammar/frames";
import { namesMinor } from "#models/minor-words";
import { Random } from "#models/random";
import {
  amplification,
  counterfactuals,
  GAP_DEFAULTS,
  meanDifference,
  type ModelGaps,
  summarise,
  swapped,
  textGaps,
} from "./counterfactual.ts";
import { MentionFinder, readIdentities } from "./identity-terms.ts";
import { differenceOfShares, type SubgroupRow, subgroups } from "./subgroups.ts";
import { leastOddsGrowth, leastOddsRatio, logOdds, termOdds } from "./term-odds.ts";

const identities = await readIdentities();
const finder = new MentionFinder(identities);
const found = (text: string) => finder.find(tokensOf(text)).map(({ identity, form, from, to }) => [identity.name, form, from, to]);

describe("identity terms", () => {
  it("are sixty groups or more of six dimensions, each term once, none under age", () => {
    expect(identities.length).toBeGreaterThanOrEqual(60);
    expect([...new Set(identities.map((i) => i.dimension))]).toEqual(["religion", "gender", "orientation", "origin", "disability", "age"]);
    const terms = identities.flatMap((i) => [...i.forms.adjective, ...i.forms.plural]);
    expect(new Set(terms).size).toBe(terms.length);
    expect(terms.filter((term) => term !== term.toLowerCase() || namesMinor(term))).toEqual([]);
  });

  it("cover most of the groups that the grammar names", async () => {
    const { slots } = await readFrames();
    const adult = slots["group"]!.filter((value) => !namesMinor(value));
    const named = adult.filter((value) => found(value).length > 0);
    expect(named.length / adult.length).toBeGreaterThan(0.6);
  });

  it("are found as whole words, in any case, the longest first", () => {
    expect(found("Black people, Muslims and a gay man")).toEqual([
      ["black", "plural", 0, 2],
      ["muslim", "plural", 3, 4],
      ["gay", "adjective", 6, 7],
    ]);
    expect(found("blackboard menu")).toEqual([]);
    expect(found("they are black")).toEqual([["black", "adjective", 2, 3]]);
    expect(found("")).toEqual([]);
  });
});

describe("swapping a group", () => {
  const jewish = identities.find((i) => i.name === "jewish")!;
  const atheist = identities.find((i) => i.name === "atheist")!;
  const swap = (text: string, other = jewish) => swapped(text, finder.find(tokensOf(text)), other);

  it("keeps the form, the capital and the rest of the text", () => {
    expect(swap("Muslims, and a Muslim neighbour – café!")).toBe("Jews, and a Jewish neighbour – café!");
    expect(swap("an atheist, a sikh")).toBe("a jewish, a jewish");
    expect(swap("A Muslim and a muslim", atheist)).toBe("An Atheist and an atheist");
  });

  it("changes the mentions alone", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), fc.string({ unit: "grapheme" }), (before, after) => {
        fc.pre(found(before).length === 0 && found(after).length === 0);
        const text = `${before} . muslim . ${after}`;
        fc.pre(found(text).length === 1);
        expect(swap(text)).toBe(`${before} . jewish . ${after}`.toWellFormed());
      }),
    );
  });

  it("gives each text others of its own dimension", () => {
    const all = counterfactuals(["a deaf cook", "a blind cook", "no group", "a deaf cook"], identities, GAP_DEFAULTS);
    expect(Object.fromEntries(all.map((c) => [c.identity, [c.dimension, c.variants.length]]))).toEqual({
      blind: ["disability", 5],
      deaf: ["disability", 5],
    });
    expect(all).toHaveLength(2);
    expect(all.flatMap((c) => c.variants).every((text) => /^an? .+ cook$/.test(text))).toBe(true);
    expect(
      counterfactuals(["a deaf cook", "a Muslim cook"], identities, { ...GAP_DEFAULTS, texts: 1, variants: 3 })[0]!.variants,
    ).toHaveLength(3);
  });
});

describe("gaps", () => {
  const texts = [
    { text: "0.2", identity: "a", dimension: "x", variants: ["0.4", "0.3"] },
    { text: "0.9", identity: "b", dimension: "y", variants: ["0.3"] },
  ];
  const gaps = textGaps(texts, Number, 0.4);

  it("by hand", () => {
    expect(gaps).toEqual([
      { dimension: "x", gap: expect.closeTo(0.15, 12), flips: 0.5 },
      { dimension: "y", gap: expect.closeTo(0.6, 12), flips: 1 },
    ]);
    const all = summarise(gaps, 0.5, GAP_DEFAULTS)!;
    expect([all.texts, all.gap, all.flip_rate]).toEqual([2, expect.closeTo(0.375, 12), 0.75]);
    expect(all.interval).toEqual([expect.closeTo(0.15, 12), expect.closeTo(0.6, 12)]);
    expect(all.dimensions["y"]).toEqual({ texts: 1, gap: expect.closeTo(0.6, 12), flip_rate: 1 });
    expect([all.relative, all.relative_interval[1]]).toEqual([expect.closeTo(0.75, 12), expect.closeTo(1.2, 12)]);
    expect([summarise([], 0.5, GAP_DEFAULTS), summarise(gaps, 0, GAP_DEFAULTS)]).toEqual([null, null]);
  });

  it("the spread of scores is the mean difference of two", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 30 }), (scores) => {
        const pairs = scores.flatMap((a, i) => scores.slice(i + 1).map((b) => Math.abs(a - b)));
        expect(meanDifference(scores)).toBeCloseTo(pairs.reduce((a, b) => a + b, 0) / pairs.length, 9);
      }),
    );
  });

  it("amplification is the ratio of the relative gaps on the same texts", () => {
    const twice = gaps.map((g) => ({ ...g, gap: g.gap * 2 }));
    const ratio = (before: ModelGaps, now: ModelGaps) => amplification(before, now, GAP_DEFAULTS);
    const two = expect.closeTo(2, 12);
    expect(ratio({ gaps, spread: 0.5 }, { gaps: twice, spread: 0.5 })).toEqual({ ratio: two, interval: [two, two] });
    // A model that is twice as sure of everything is no more biased.
    expect(ratio({ gaps, spread: 0.2 }, { gaps: twice, spread: 0.4 })!.ratio).toBeCloseTo(1, 12);
    expect(ratio({ gaps: [], spread: 0.5 }, { gaps: [], spread: 0.5 })).toBeNull();
    expect(() => ratio({ gaps, spread: 0.5 }, { gaps: [], spread: 0.5 })).toThrow("same texts");
  });
});

describe("term odds", () => {
  it("by hand: log-odds and variance with the prior", () => {
    // 30 of 1,000 against 10 of 1,000: the prior is 5 mentions in 250 rows of each, the 2 % of both.
    const { value, variance } = logOdds(30, 1000, 10, 1000);
    expect(value).toBeCloseTo(Math.log(35 / 1215) - Math.log(15 / 1235), 12);
    expect(variance).toBeCloseTo(1 / 35 + 1 / 15, 12);
    expect(logOdds(10, 1000, 30, 1000).value).toBeCloseTo(-value, 12);
    expect(logOdds(10, 1000, 20, 2000).value).toBeCloseTo(0, 12);
    expect(logOdds(1, 1000, 0, 1000).value).toBeLessThan(0.2);
  });

  it("tell the one-sided group, and count a row once", () => {
    const rows = [
      ...Array.from({ length: 60 }, (_, i) => ({ text: `a muslim muslim cook ${i}`, label: 1 as const })),
      ...Array.from({ length: 60 }, (_, i) => ({ text: i < 30 ? `a deaf cook ${i}` : `a cook ${i}`, label: 1 as const })),
      ...Array.from({ length: 120 }, (_, i) => ({ text: i < 30 ? `a deaf cook ${i}` : `a cook ${i}`, label: 0 as const })),
    ];
    const [first, second, ...rest] = termOdds(rows, identities);
    expect(rest).toEqual([]);
    expect(first).toMatchObject({ identity: "muslim", harmful: 60, harmless: 0, harmful_rate: 0.5, harmless_rate: 0 });
    expect(second).toMatchObject({ identity: "deaf", harmful: 30, harmless: 30 });
    expect(leastOddsRatio(first!)).toBeGreaterThan(2);
    expect(leastOddsRatio(second!)).toBe(1);
    expect(termOdds(rows.slice(0, 60), identities)).toEqual([]);
  });

  it("grow by what is more than chance, towards the label leant to now", () => {
    const lean = (log_odds: number, half: number) => ({ log_odds, interval: [log_odds - half, log_odds + half] as [number, number] });
    expect(leastOddsGrowth(lean(2, 0.3), lean(0.5, 0.4))).toBeCloseTo(Math.exp(1.5 - 0.5), 12);
    expect(leastOddsGrowth(lean(-2, 0.3), lean(0.5, 0.4))).toBeCloseTo(Math.exp(2.5 - 0.5), 12);
    expect(leastOddsGrowth(lean(1, 0.3), lean(2, 0.4))).toBe(1);
  });
});

describe("subgroups", () => {
  /** P(positive scores higher), ties one half, by all pairs. */
  function brute(positives: readonly SubgroupRow[], negatives: readonly SubgroupRow[]): number {
    let wins = 0;
    for (const p of positives) for (const n of negatives) wins += p.score > n.score ? 1 : p.score === n.score ? 0.5 : 0;
    return wins / (positives.length * negatives.length);
  }

  it("AUCs are those of all pairs", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const rows = Array.from({ length: 160 }, (): SubgroupRow => ({
          score: random.below(20) / 20,
          label: random.chance(0.4) ? 1 : 0,
          groups: random.chance(0.5) ? ["deaf"] : [],
        }));
        const { groups, auc } = subgroups(rows, identities, 0.5, { resamples: 10 });
        const of = (label: 0 | 1, named: boolean) => rows.filter((row) => row.label === label && row.groups.length > 0 === named);
        fc.pre([of(1, true), of(0, true), of(1, false), of(0, false)].every((list) => list.length >= 10));
        expect(groups[0]!.subgroup_auc!.value).toBeCloseTo(brute(of(1, true), of(0, true)), 12);
        expect(groups[0]!.bpsn_auc!.value).toBeCloseTo(brute(of(1, false), of(0, true)), 12);
        expect(groups[0]!.bnsp_auc!.value).toBeCloseTo(brute(of(1, true), of(0, false)), 12);
        expect(auc).toBeCloseTo(brute([...of(1, true), ...of(1, false)], [...of(0, true), ...of(0, false)]), 12);
      }),
      { numRuns: 20 },
    );
  });

  it("gaps, the mean and the worst, by hand", () => {
    const rows = (groups: string[], harmful: number[], harmless: number[]): SubgroupRow[] => [
      ...harmful.map((score) => ({ score, label: 1 as const, groups })),
      ...harmless.map((score) => ({ score, label: 0 as const, groups })),
    ];
    const ten = (high: number) => Array.from({ length: 10 }, (_, i) => (i < high ? 0.9 : 0.1));
    const result = subgroups(
      [...rows(["deaf"], ten(10), ten(5)), ...rows(["blind"], ten(8), ten(0)), ...rows(["old"], [0.9], [])],
      identities,
      0.5,
    );
    const [blind, deaf, old] = ["blind", "deaf", "old"].map((name) => result.groups.find((g) => g.identity === name)!);
    // Of the texts that do not name deaf people 0 of 10 harmless are flagged and 2 of 11 harmful missed.
    expect(deaf!.fpr_gap!.value).toBeCloseTo(0.5, 12);
    expect(deaf!.fnr_gap!.value).toBeCloseTo(-2 / 11, 12);
    expect([deaf!.subgroup_auc!.value, blind!.subgroup_auc!.value]).toEqual([0.75, 0.9]);
    expect(old).toMatchObject({ rows: 1, harmful: 1, subgroup_auc: null, bpsn_auc: null, fpr_gap: null });
    expect(result.mean_subgroup_auc).toBeCloseTo(0.825, 12);
    expect(result.worst_below_mean).toBeCloseTo(-0.075, 12);
  });

  it("Newcombe's interval is that of his example (1998, table II, 56/70 against 48/80)", () => {
    const { value, interval } = differenceOfShares(56, 70, 48, 80);
    expect([value, ...interval].map((x) => x.toFixed(4))).toEqual(["0.2000", "0.0524", "0.3339"]);
  });

  it("groups of texts", () => {
    expect(["a deaf Muslim and deaf people", "nobody"].map((text) => finder.groupsNamed(text))).toEqual([["deaf", "muslim"], []]);
    expect(subgroups([], identities, 0.5)).toEqual({
      auc: null,
      threshold: 0.5,
      groups: [],
      mean_subgroup_auc: null,
      worst_below_mean: null,
    });
  });
});
