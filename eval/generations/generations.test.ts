import { describe, expect, it } from "vitest";
import type { Example } from "#datasets/example";
import { readIdentities } from "#eval/bias/identity-terms";
import { CordonError } from "#models/errors";
import { Random } from "#models/random";
import { ALARM_DEFAULTS, type Alarm, alarms, tellAlarm } from "./alarms.ts";
import { parseBaseline } from "./baseline.ts";
import { heldOutLoss } from "./held-out-loss.ts";
import { inspect, type Inspection, INSPECTION_DEFAULTS } from "./inspection.ts";
import { nextGeneration } from "./next-generation.ts";
import { WordSampler } from "./word-sampler.ts";

const identities = await readIdentities();
const settings = { ...INSPECTION_DEFAULTS, rows: 50, tokens: 8, draws: 5, duplicate_rows: 200 };

function row(text: string, label: 0 | 1, i: number, split: Example["split"] = "train"): Example {
  return { id: `${label}-${i}`, text, label, split, categories: [], unknown: [], lang: "en", synthetic: true };
}

/** Rows of words drawn from a vocabulary, each in its label's half of it. */
function rows(count: number, vocabulary: number, seed = 1, split: Example["split"] = "train"): Example[] {
  const random = new Random(seed, "rows");
  return Array.from({ length: count }, (_, i) => {
    const label = (i % 2) as 0 | 1;
    return row(Array.from({ length: 12 }, () => `${label ? "h" : "b"}${random.below(vocabulary)}`).join(" "), label, i, split);
  });
}

const first = rows(600, 120);
const heldOut = rows(200, 120, 9, "test");
const inspected = (now: Example[], before: Example[] | null = null) =>
  inspect(now, before && { rows: before, heldOut }, identities, settings);
const base = inspected(first);
const names = (rung: readonly Alarm[]) => [...new Set(rung.map((alarm) => alarm.name))].sort();

describe("the word sampler", () => {
  it("draws by interpolated Witten-Bell, to the last share", () => {
    const sampler = new WordSampler(2);
    for (const text of ["a b", "a b", "a c"]) sampler.add(text);
    // After "a", seen three times with two words after it: 2/5 of the draws are by single words, of which there are
    // nine: a, b and the end three each, less c's one: a 3/9, b 2/9, c 1/9, end 3/9.
    const after = { a: (2 / 5) * (3 / 9), b: 2 / 5 + (2 / 5) * (2 / 9), c: 1 / 5 + (2 / 5) * (1 / 9), "": (2 / 5) * (3 / 9) };
    const random = new Random(3, "test");
    const counts = { a: 0, b: 0, c: 0, "": 0 };
    let drawn = 0;
    for (let i = 0; i < 60_000; i++) {
      const [one, two] = sampler.sample(random, 2).split(" ");
      if (one !== "a") continue;
      counts[(two ?? "") as keyof typeof counts]++;
      drawn++;
    }
    for (const [word, share] of Object.entries(after)) expect(counts[word as keyof typeof counts] / drawn).toBeCloseTo(share, 2);
  });

  it("stops at the most words, needs a text, and gives the same texts for a seed", () => {
    const sampler = new WordSampler(3);
    expect(() => sampler.sample(new Random(1), 5)).toThrow("nothing was added");
    sampler.add("one two three four five six seven");
    const texts = () => Array.from({ length: 20 }, (_, i) => sampler.sample(new Random(i), 4));
    expect(texts()).toEqual(texts());
    expect(texts().every((text) => text.split(" ").length <= 4)).toBe(true);
    expect(() => new WordSampler(0)).toThrow("order");
  });
});

describe("the next generation", () => {
  const options = { generation: 1, rows: { 1: 40, 0: 60 }, candidates: 3, order: 2, seed: 1 };
  const score = (text: string) => (text.match(/h1/g) ?? []).length / 12;

  it("picks what the classifier is surest of, of each label as many as asked for", () => {
    const next = nextGeneration(first, score, options);
    const of = (label: 0 | 1) => next.rows.filter((r) => r.label === label);
    expect([of(1).length, of(0).length, next.dropped]).toEqual([40, 60, 0]);
    const scores = of(1).map((r) => score(r.text));
    expect(scores).toEqual(scores.toSorted((a, b) => b - a));
    const all = nextGeneration(first, score, { ...options, candidates: 1 }).rows.filter((r) => r.label === 1);
    const mean = (list: number[]) => list.reduce((a, b) => a + b, 0) / list.length;
    expect(mean(scores)).toBeGreaterThan(mean(all.map((r) => score(r.text))));
    expect(new Set(next.rows.map((r) => r.id)).size).toBe(100);
    expect(new Set(next.rows.map((r) => r.split))).toEqual(new Set(["train", "calibration"]));
    expect(nextGeneration(first, score, options)).toEqual(next);
  });

  it("keeps no text that puts sexual words beside words for minors, whatever its label", () => {
    const apart = [row("the naked truth", 0, 0), row("the child slept", 0, 1)];
    const next = nextGeneration(apart, () => 0.5, { ...options, rows: { 1: 0, 0: 30 } });
    expect(next.dropped).toBeGreaterThan(0);
    expect(next.rows.filter((r) => /naked/.test(r.text) && /child/.test(r.text))).toEqual([]);
  });
});

describe("held-out loss", () => {
  it("is as before for a draw of the same source, more for a poorer one", () => {
    expect(heldOutLoss(first, first, heldOut, 1)!.relative).toBeCloseTo(1, 9);
    expect(heldOutLoss(first, rows(600, 120, 2), heldOut, 1)!.relative).toBeCloseTo(1, 1);
    expect(heldOutLoss(first, rows(600, 10, 3), heldOut, 1)!.relative).toBeGreaterThan(1.2);
  });

  it("learns from as many bytes of either, and never from test rows", () => {
    expect(heldOutLoss(first, [...first, ...first, ...first], heldOut, 1)!.before).toBeCloseTo(
      heldOutLoss(first, first, heldOut, 1)!.before,
      9,
    );
    expect(heldOutLoss(first, heldOut, heldOut, 1)).toBeNull();
    expect(heldOutLoss(first, first, heldOut.slice(0, 10), 1)).toBeNull();
  });
});

describe("alarms", () => {
  it("do not ring for a set against itself, nor for a fresh draw of its source", () => {
    expect(alarms(base, null)).toEqual([]);
    expect(alarms(inspected(first, first), base)).toEqual([]);
    expect(alarms(inspected(rows(600, 120, 2), first), base)).toEqual([]);
  });

  it("of collapse ring for a poorer set, each with its figure and threshold", () => {
    const rung = alarms(inspected(rows(600, 12, 4), first), base);
    expect(names(rung)).toEqual(["compression", "diversity", "held-out-loss", "survival"]);
    expect(new Set(rung.map((alarm) => alarm.kind))).toEqual(new Set(["collapse"]));
    const told = rung.map(tellAlarm);
    expect(told.find((line) => line.startsWith("collapse: diversity of harmful is 0."))).toMatch(/, below 0\.95$/);
    expect(
      alarms(inspected(rows(600, 12, 4), first), base, {
        ...ALARM_DEFAULTS,
        diversity: 0,
        survival: 0,
        compression: 9,
        "held-out-loss": 9,
      }),
    ).toEqual([]);
  });

  it("of near duplicates ring without an earlier set", () => {
    expect(names(alarms(inspected([...first, ...first.slice(0, 60)]), null))).toEqual(["near-duplicates"]);
  });

  it("of bias ring for a group tied to a label, and when it has grown", () => {
    const naming = (harmful: number, harmless: number) =>
      first.map((r, i) => ({ ...r, text: i % 600 < (r.label === 1 ? harmful : harmless) * 2 ? `${r.text} Sikhs` : r.text }));
    const even = inspected(naming(60, 60));
    const tied = inspected(naming(120, 4));
    expect(alarms(even, null)).toEqual([]);
    expect(alarms(tied, null).map(tellAlarm)).toEqual([expect.stringMatching(/^bias: term-odds of sikh, harmful is [\d.]+, above 4$/)]);
    expect(names(alarms(tied, even))).toContain("odds-growth");
    expect(names(alarms(tied, tied))).toEqual(["term-odds"]);
  });

  it("of a growing gap ring by the paired interval, or by the baseline's", () => {
    const gap = (relative: number, half: number) => ({
      texts: 10,
      gap: 0.1,
      interval: [0.09, 0.11] as [number, number],
      relative,
      relative_interval: [relative - half, relative + half] as [number, number],
      flip_rate: 0,
      flip_interval: [0, 0] as [number, number],
      dimensions: {},
    });
    const subgroups = { auc: null, threshold: 0.5, groups: [], mean_subgroup_auc: null, worst_below_mean: null };
    const withGap = (relative: number, half: number, ratio?: number, low = 1.1): Inspection => ({
      ...base,
      model: {
        model: "m",
        rows: 10,
        counterfactual: gap(relative, half),
        subgroups,
        before: ratio === undefined ? null : { model: "b", counterfactual: null, amplification: { ratio, interval: [low, 9] } },
      },
    });
    expect(alarms(withGap(0.2, 0, 2), base).map(tellAlarm)).toEqual(["bias: gap-growth of model is 2, above 1.75"]);
    expect(alarms(withGap(0.2, 0, 2, 0.9), base)).toEqual([]);
    expect(names(alarms(withGap(0.4, 0.05), withGap(0.2, 0.05)))).toEqual(["gap-growth"]);
    expect(alarms(withGap(0.4, 0.15), withGap(0.2, 0.15))).toEqual([]);
  });
});

describe("a baseline", () => {
  const text = JSON.stringify(base);

  it("is the JSON of an inspection", () => {
    expect(alarms(inspected(rows(600, 12, 4)), parseBaseline(text, "b.json", settings)).map(({ name, value }) => [name, value])).toEqual(
      alarms(inspected(rows(600, 12, 4)), base).map(({ name, value }) => [name, value]),
    );
  });

  it.each([
    ["no JSON", "{", /not a baseline \(b\.json\)/],
    ["another JSON", "{}", /not a baseline/],
    ["of samples of another size", text.replace('"rows":50', '"rows":60'), /measured with rows 60, not 50/],
  ])("refuses %s", (_, content, message) => {
    expect(() => parseBaseline(content, "b.json", settings)).toThrow(CordonError);
    expect(() => parseBaseline(content, "b.json", settings)).toThrow(message);
  });
});
