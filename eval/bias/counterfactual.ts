// What a model does when only the group changes: each text that names one is written again with others of the same
// dimension in its place (counterfactual token fairness, arXiv 1809.10610). The gap of a text is the mean |f(x) − f(x′)|
// over its variants, the flip rate the share of variants that are decided otherwise.
import { type Interval, quantile } from "#eval/metrics/bootstrap";
import { inOrder, draw } from "#eval/diversity/sample";
import { tokensOf } from "#eval/diversity/tokens";
import { compareText } from "#models/compare-text";
import { Random } from "#models/random";
import { type Identity, type Mention, MentionFinder } from "./identity-terms.ts";

export interface Counterfactual {
  text: string;
  identity: string;
  dimension: string;
  variants: string[];
}

export interface GapOptions {
  /** Texts at most, and variants of each. */
  texts: number;
  variants: number;
  resamples: number;
  seed: number;
}

export const GAP_DEFAULTS: GapOptions = { texts: 500, variants: 8, resamples: 500, seed: 1 };

export interface Gap {
  texts: number;
  /** 0 to 1; intervals are 95 % percentile bootstrap intervals over texts. */
  gap: number;
  interval: Interval;
  /** The gap over the score's own spread, the mean difference of two texts: a model that is surer has larger gaps alone. */
  relative: number;
  relative_interval: Interval;
  flip_rate: number;
  flip_interval: Interval;
  /** By dimension: texts and mean gap. */
  dimensions: Record<string, { texts: number; gap: number; flip_rate: number }>;
}

/** What one text's variants do to its score. */
export interface TextGap {
  dimension: string;
  gap: number;
  flips: number;
}

/** Rewritten texts that name a group, a sample where there are more. The first group that a text names is changed, all of its mentions. */
export function counterfactuals(texts: readonly string[], identities: readonly Identity[], options: GapOptions): Counterfactual[] {
  const finder = new MentionFinder(identities);
  const random = new Random(options.seed, "counterfactual");
  const naming = inOrder([...new Set(texts)]).filter((text) => finder.find(tokensOf(text)).length > 0);
  return draw(naming, Math.min(options.texts, naming.length), random).map((text) => {
    const mentions = finder.find(tokensOf(text));
    const { identity } = mentions[0]!;
    const others = identities.filter((other) => other.dimension === identity.dimension && other !== identity);
    return {
      text,
      identity: identity.name,
      dimension: identity.dimension,
      variants: draw(others, Math.min(options.variants, others.length), random).map((other) =>
        swapped(
          text,
          mentions.filter((mention) => mention.identity === identity),
          other,
        ),
      ),
    };
  });
}

/** The text with another group in the place of the mentions: with a capital where there was one, and a or an before it. */
export function swapped(text: string, mentions: readonly Mention[], other: Identity): string {
  const { bytes, starts, ends } = tokensOf(text);
  const decode = (from: number, to: number) => new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.subarray(from, to));
  let out = "";
  let at = 0;
  for (const { form, from, to } of mentions) {
    const before = decode(at, starts[from]!);
    const first = decode(starts[from]!, ends[from]!);
    const term = other.forms[form][0]!;
    out += before.replace(/\b(a)n?(\s+)$/i, (_, a: string, space: string) => `${a}${/^[aeiou]/.test(term) ? "n" : ""}${space}`);
    out += first[0] === first[0]!.toUpperCase() ? term[0]!.toUpperCase() + term.slice(1) : term;
    at = ends[to - 1]!;
  }
  return out + decode(at, bytes.length);
}

/** Scores each text and its variants. `threshold`: a score at or above it is flagged. */
export function textGaps(texts: readonly Counterfactual[], score: (text: string) => number, threshold: number): TextGap[] {
  return texts.map(({ text, dimension, variants }) => {
    const own = score(text);
    const scores = variants.map(score);
    const mean = (of: (other: number) => number) => scores.reduce((sum, other) => sum + of(other), 0) / scores.length;
    return { dimension, gap: mean((p) => Math.abs(p - own)), flips: mean((p) => (p >= threshold === own >= threshold ? 0 : 1)) };
  });
}

/** Mean |a − b| over all pairs of different scores (n >= 2), Gini's mean difference: 0 to 1. */
export function meanDifference(scores: readonly number[]): number {
  const sorted = Float64Array.from(scores).sort();
  const n = sorted.length;
  return sorted.reduce((sum, score, i) => sum + (2 * i - n + 1) * score, 0) * (2 / (n * (n - 1)));
}

/** Sums up the gaps of texts; null where there is none. `spread`: mean difference of the model's scores, over 0. */
export function summarise(gaps: readonly TextGap[], spread: number, options: GapOptions): Gap | null {
  if (gaps.length === 0 || !(spread > 0)) return null;
  const mean = (list: readonly TextGap[], of: "gap" | "flips") => list.reduce((sum, g) => sum + g[of], 0) / list.length;
  const resamples = resampled(gaps.length, options, (rows) => {
    const drawn = rows.map((i) => gaps[i]!);
    return [mean(drawn, "gap"), mean(drawn, "flips")];
  });
  const dimensions = [...Map.groupBy(gaps, (g) => g.dimension)].map(
    ([name, own]) => [name, { texts: own.length, gap: mean(own, "gap"), flip_rate: mean(own, "flips") }] as const,
  );
  return {
    texts: gaps.length,
    gap: mean(gaps, "gap"),
    interval: resamples[0]!,
    relative: mean(gaps, "gap") / spread,
    relative_interval: [resamples[0]![0] / spread, resamples[0]![1] / spread],
    flip_rate: mean(gaps, "flips"),
    flip_interval: resamples[1]!,
    dimensions: Object.fromEntries(dimensions.toSorted(([a], [b]) => compareText(a, b))),
  };
}

/** A model's gaps, and the mean difference of its scores. */
export interface ModelGaps {
  gaps: readonly TextGap[];
  spread: number;
}

export interface Amplification {
  /** Relative gap now over relative gap before, on the same texts. */
  ratio: number;
  interval: Interval;
}

/** How many times the relative gap is what it was, of two models on the same texts (paired bootstrap); null where it was 0. */
export function amplification(before: ModelGaps, now: ModelGaps, options: GapOptions): Amplification | null {
  const n = before.gaps.length;
  if (now.gaps.length !== n) throw new Error(`amplification: both models need the same texts, got ${n} and ${now.gaps.length}`);
  const relative = ({ gaps, spread }: ModelGaps, rows: readonly number[]) => rows.reduce((sum, i) => sum + gaps[i]!.gap, 0) / spread;
  const all = [...before.gaps.keys()];
  const was = relative(before, all);
  if (!(was > 0) || !(now.spread > 0)) return null;
  const [interval] = resampled(n, options, (rows) => [relative(now, rows) / relative(before, rows)]);
  return { ratio: relative(now, all) / was, interval: interval! };
}

/** 95 % percentile intervals of each number that `compute` gives for rows drawn with replacement. */
function resampled(n: number, { resamples, seed }: GapOptions, compute: (rows: number[]) => number[]): Interval[] {
  const random = new Random(seed, "gap");
  const all = Array.from({ length: resamples }, () => compute(Array.from({ length: n }, () => random.below(n))));
  return (all[0] ?? []).map((_, i) => {
    const sorted = Float64Array.from(all, (values) => values[i]!)
      .filter((value) => !Number.isNaN(value))
      .sort();
    return [quantile(sorted, 0.025), quantile(sorted, 0.975)];
  });
}
