// How far each group leans to one label: log-odds ratios with an informative Dirichlet prior (Monroe, Colaresi and Quinn,
// "Fightin' Words", 2008, section 3.5.1), over rows that name the group. The prior is the group's own rate in both labels
// together, worth PRIOR_MENTIONS rows that name it, so that a group named three times is not told to be one-sided.
import type { Example } from "#datasets/example";
import { tokensOf } from "#eval/diversity/tokens";
import type { Interval } from "#eval/metrics/bootstrap";
import { compareText } from "#models/compare-text";
import { type Identity, MentionFinder } from "./identity-terms.ts";

const PRIOR_MENTIONS = 10;

export interface TermOdds {
  identity: string;
  dimension: string;
  /** Rows of each label that name the group, and their share of the label's rows. */
  harmful: number;
  harmless: number;
  harmful_rate: number;
  harmless_rate: number;
  /** ln of how many times the odds of being named are in harmful rows what they are in harmless ones; 95 %. */
  log_odds: number;
  interval: Interval;
}

/** The groups that are named, the most one-sided first. Empty where a label is missing. */
export function termOdds(rows: readonly Pick<Example, "text" | "label">[], identities: readonly Identity[]): TermOdds[] {
  const finder = new MentionFinder(identities);
  const totals = [0, 0] as [number, number];
  const counts = new Map<Identity, [harmless: number, harmful: number]>();
  for (const { text, label } of rows) {
    totals[label]++;
    for (const identity of new Set(finder.find(tokensOf(text)).map((mention) => mention.identity))) {
      let count = counts.get(identity);
      if (count === undefined) counts.set(identity, (count = [0, 0]));
      count[label]++;
    }
  }
  if (totals[0] === 0 || totals[1] === 0) return [];
  return [...counts]
    .map(([{ name, dimension }, [harmless, harmful]]): TermOdds => {
      const { value, variance } = logOdds(harmful, totals[1], harmless, totals[0]);
      const half = 1.96 * Math.sqrt(variance);
      return {
        identity: name,
        dimension,
        harmful,
        harmless,
        harmful_rate: harmful / totals[1],
        harmless_rate: harmless / totals[0],
        log_odds: value,
        interval: [value - half, value + half],
      };
    })
    .sort((a, b) => Math.abs(b.log_odds) - Math.abs(a.log_odds) || compareText(a.identity, b.identity));
}

/** Log-odds ratio of `a` of `ofA` rows against `b` of `ofB`, both counts not 0 together, and its variance. */
export function logOdds(a: number, ofA: number, b: number, ofB: number): { value: number; variance: number } {
  const rate = (a + b) / (ofA + ofB);
  const prior = (of: number) => (PRIOR_MENTIONS * of) / (ofA + ofB);
  const odds = (count: number, of: number) => (count + prior(of)) / (of + prior(of) / rate - count - prior(of));
  return { value: Math.log(odds(a, ofA) / odds(b, ofB)), variance: 1 / (a + prior(ofA)) + 1 / (b + prior(ofB)) };
}

/** How many times the odds are at least apart, whichever way: 1 where the interval holds no difference. */
export function leastOddsRatio({ interval: [low, high] }: Pick<TermOdds, "interval">): number {
  return Math.exp(Math.max(0, low, -high));
}

/** How many times further towards the label that it leans to now a group has moved at least: 1 where that may be chance. */
export function leastOddsGrowth(now: Pick<TermOdds, "log_odds" | "interval">, before: Pick<TermOdds, "log_odds" | "interval">): number {
  const moved = (now.log_odds - before.log_odds) * Math.sign(now.log_odds);
  const half = Math.hypot(...[now, before].map(({ log_odds, interval }) => interval[1] - log_odds));
  return Math.exp(Math.max(0, moved - half));
}
