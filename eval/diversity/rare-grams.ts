// Collapse eats the tail first: what a model saw once or twice it does not say again (arXiv 2305.17493). So the rare
// n-grams of an earlier set are looked for in a later one. How many a set of that size would have anyway is told by the
// earlier set itself: half of it has the rare n-grams, the other half is what they are looked for in.
import type { Interval } from "#eval/metrics/bootstrap";
import { Random } from "#models/random";
import { inOrder } from "./sample.ts";
import { gramKeys, tokensOf } from "./tokens.ts";

/** Tokens of an n-gram, and texts of the half in which a rare one stands at most. */
const GRAM = 2;
const RARE = 2;

const HALVINGS = 5;

export interface Survival {
  /** Rare n-grams looked for, on average over the halvings. */
  rare: number;
  /** Share of them that stands in the later set, in a sample of as many tokens as the other half has. */
  survived: number;
  /** Share of them that stands in the other half of the earlier set. */
  baseline: number;
  /** survived / baseline: 1 where the later set is as rich as a fresh draw of the earlier one, more where it copies it. */
  relative: number;
  /** Of `relative`, 95 %, as of a ratio of two binomial shares. */
  interval: Interval;
}

/** Survival of the rare n-grams of `before` in `now`; null where `before` has no two texts, or `now` no token. */
export function rareGramSurvival(before: readonly string[], now: readonly string[], seed = 1): Survival | null {
  const random = new Random(seed, "rare-grams");
  const earlier = inOrder(before).map((text) => tokensOf(text).hashes);
  const later = inOrder(now).map((text) => tokensOf(text).hashes);
  const totals = { rare: 0, survived: 0, baseline: 0 };
  for (let halving = 0; halving < HALVINGS; halving++) {
    random.shuffle(earlier);
    random.shuffle(later);
    const middle = earlier.length >> 1;
    const other = earlier.slice(middle);
    const budget = Math.min(tokensIn(other), tokensIn(later));
    const rare = rareGrams(earlier.slice(0, middle));
    if (rare.length === 0 || budget === 0) return null;
    const share = (grams: Set<number>) => rare.filter((gram) => grams.has(gram)).length / rare.length;
    totals.rare += rare.length;
    totals.survived += share(gramsOf(later, budget));
    totals.baseline += share(gramsOf(other, budget));
  }
  const [rare, survived, baseline] = [totals.rare / HALVINGS, totals.survived / HALVINGS, totals.baseline / HALVINGS];
  if (baseline === 0) return null;
  const relative = survived / baseline;
  // Half a survivor where there is none, or the interval would have no width.
  const variance = [Math.max(survived, 0.5 / rare), baseline].reduce((sum, share) => sum + (1 - share) / (rare * share), 0);
  const factor = Math.exp(1.96 * Math.sqrt(variance));
  return { rare, survived, baseline, relative, interval: [relative / factor, relative * factor] };
}

function tokensIn(texts: readonly Int32Array[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

function rareGrams(texts: readonly Int32Array[]): number[] {
  const documents = new Map<number, number>();
  for (const text of texts) for (const gram of new Set(gramKeys(text, GRAM))) documents.set(gram, (documents.get(gram) ?? 0) + 1);
  return [...documents].filter(([, count]) => count <= RARE).map(([gram]) => gram);
}

/** The n-grams of the first texts that hold `budget` tokens together. */
function gramsOf(texts: readonly Int32Array[], budget: number): Set<number> {
  const grams = new Set<number>();
  let left = budget;
  for (const text of texts) {
    if (left <= 0) break;
    for (const gram of gramKeys(text.subarray(0, left), GRAM)) grams.add(gram);
    left -= text.length;
  }
  return grams;
}
