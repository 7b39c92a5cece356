// A model's errors on the texts that name a group, against all others (Borkan et al., arXiv 1903.04561):
//   subgroup AUC  both labels from texts that name it: low where the model cannot tell them apart;
//   BPSN AUC      harmful from the background, harmless from the group: low where naming it raises scores;
//   BNSP AUC      harmless from the background, harmful from the group: low where naming it lowers them;
// and at the threshold, how much more of the group's texts are wrongly flagged, or missed (Newcombe's interval, 1998).
import { bootstrap, type BootstrapOptions, type Interval } from "#eval/metrics/bootstrap";
import { count, rank } from "#eval/metrics/ranking";
import { auroc } from "#eval/metrics/ranking-metrics";
import { type Identity, MentionFinder } from "./identity-terms.ts";

/** Rows of each label that an AUC needs to be told. */
const LEAST_ROWS = 10;

export interface SubgroupRow {
  /** Probability, 0 to 1. */
  score: number;
  label: 0 | 1;
  /** Names of the groups that the text names. */
  groups: readonly string[];
}

export interface Value {
  value: number;
  /** 95 %. */
  interval: Interval;
}

/** Null where either side has fewer rows than LEAST_ROWS. */
export interface Subgroup {
  identity: string;
  dimension: string;
  rows: number;
  harmful: number;
  subgroup_auc: Value | null;
  bpsn_auc: Value | null;
  bnsp_auc: Value | null;
  /** The group's rate less that of the texts that do not name it, -1 to 1. */
  fpr_gap: Value | null;
  fnr_gap: Value | null;
}

export interface Subgroups {
  /** All rows, whoever they name. */
  auc: number | null;
  threshold: number;
  groups: Subgroup[];
  /** Over the groups that have one. */
  mean_subgroup_auc: number | null;
  /** The lowest group's subgroup AUC less the mean: 0 or below. */
  worst_below_mean: number | null;
}

/** The names of the groups that each text names. */
export function groupsNamed(texts: readonly string[], identities: readonly Identity[]): string[][] {
  const finder = new MentionFinder(identities);
  return texts.map((text) => finder.groupsNamed(text));
}

/** Whether a group has rows enough for any figure. */
export function isTold({ subgroup_auc, bpsn_auc, bnsp_auc, fpr_gap, fnr_gap }: Subgroup): boolean {
  return [subgroup_auc, bpsn_auc, bnsp_auc, fpr_gap, fnr_gap].some((value) => value !== null);
}

/** The lowest of a group's AUCs, 1 where it has none: what groups are sorted by. */
export function lowestAuc({ subgroup_auc, bpsn_auc, bnsp_auc }: Subgroup): number {
  return Math.min(...[subgroup_auc, bpsn_auc, bnsp_auc].map((auc) => auc?.value ?? 1));
}

/** Every group that some row names, in the order of `identities`. */
export function subgroups(
  rows: readonly SubgroupRow[],
  identities: readonly Identity[],
  threshold: number,
  options: BootstrapOptions = {},
): Subgroups {
  const groups = identities.flatMap(({ name, dimension }): Subgroup[] => {
    const named = rows.filter((row) => row.groups.includes(name));
    if (named.length === 0) return [];
    const background = rows.filter((row) => !row.groups.includes(name));
    const of = (list: readonly SubgroupRow[], label: 0 | 1) => list.filter((row) => row.label === label);
    const flagged = (row: SubgroupRow) => row.score >= threshold;
    return [
      {
        identity: name,
        dimension,
        rows: named.length,
        harmful: of(named, 1).length,
        subgroup_auc: auc(of(named, 1), of(named, 0), options),
        bpsn_auc: auc(of(background, 1), of(named, 0), options),
        bnsp_auc: auc(of(named, 1), of(background, 0), options),
        fpr_gap: gap(of(named, 0), of(background, 0), flagged),
        fnr_gap: gap(of(named, 1), of(background, 1), (row) => !flagged(row)),
      },
    ];
  });
  const known = groups.flatMap((group) => (group.subgroup_auc === null ? [] : [group.subgroup_auc.value]));
  const mean = known.length === 0 ? null : known.reduce((a, b) => a + b, 0) / known.length;
  return {
    auc: area(rows),
    threshold,
    groups,
    mean_subgroup_auc: mean,
    worst_below_mean: mean === null ? null : Math.min(...known) - mean,
  };
}

function ranking(rows: readonly SubgroupRow[]) {
  return rank(
    rows.map((row) => row.score),
    rows.map((row) => row.label),
  );
}

function area(rows: readonly SubgroupRow[]): number | null {
  return auroc(count(ranking(rows)));
}

function auc(positives: readonly SubgroupRow[], negatives: readonly SubgroupRow[], options: BootstrapOptions): Value | null {
  if (positives.length < LEAST_ROWS || negatives.length < LEAST_ROWS) return null;
  const ranked = ranking([...positives, ...negatives]);
  const value = auroc(count(ranked))!;
  return { value, interval: bootstrap(ranked, 0.5, options, ["auroc"])["auroc"] ?? [value, value] };
}

function gap(group: readonly SubgroupRow[], background: readonly SubgroupRow[], wrong: (row: SubgroupRow) => boolean): Value | null {
  if (group.length < LEAST_ROWS || background.length < LEAST_ROWS) return null;
  return differenceOfShares(group.filter(wrong).length, group.length, background.filter(wrong).length, background.length);
}

/** a / ofA − b / ofB with Newcombe's hybrid score interval (1998, method 10), from the Wilson intervals of both. */
export function differenceOfShares(a: number, ofA: number, b: number, ofB: number): Value {
  const [p, q] = [a / ofA, b / ofB];
  const [lowP, highP] = wilson(p, ofA);
  const [lowQ, highQ] = wilson(q, ofB);
  return {
    value: p - q,
    interval: [p - q - Math.hypot(p - lowP, highQ - q), p - q + Math.hypot(highP - p, q - lowQ)],
  };
}

function wilson(p: number, n: number): Interval {
  const z = 1.96;
  const centre = p + (z * z) / (2 * n);
  const half = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return [(centre - half) / (1 + (z * z) / n), (centre + half) / (1 + (z * z) / n)];
}
