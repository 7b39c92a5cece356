// When a set is not to be trained on. Collapse (less is said, and more of it again) and bias (groups lean to a label, or
// a model came to treat them more differently) are alarms apart: what cures one need not cure the other (arXiv
// 2410.15234). Each has a threshold, stated with the alarm, and rings only where the difference is more than chance.
import { leastOddsGrowth, leastOddsRatio, type TermOdds } from "#eval/bias/term-odds";
import type { Interval } from "#eval/metrics/bootstrap";
import type { Baseline } from "./baseline.ts";
import type { Inspection } from "./inspection.ts";

export interface AlarmRule {
  kind: "collapse" | "bias";
  /** Beyond it the alarm rings. */
  side: "above" | "below";
  threshold: number;
  /** What is compared, in words. */
  of: string;
  against: boolean;
}

/** docs/inspect.md says where the thresholds come from. */
export const ALARM_RULES = {
  "near-duplicates": { kind: "collapse", side: "above", threshold: 0.1, of: "share of rows with a near duplicate", against: false },
  diversity: { kind: "collapse", side: "below", threshold: 0.95, of: "Vendi score over what it was", against: true },
  compression: { kind: "collapse", side: "above", threshold: 1.1, of: "compression ratio over what it was", against: true },
  survival: { kind: "collapse", side: "below", threshold: 0.9, of: "rare n-grams left, over those in a fresh draw", against: true },
  "held-out-loss": {
    kind: "collapse",
    side: "above",
    threshold: 1.1,
    of: "bits per byte of held-out text, over what they were",
    against: true,
  },
  "term-odds": { kind: "bias", side: "above", threshold: 4, of: "odds of naming a group in one label over the other", against: false },
  "odds-growth": { kind: "bias", side: "above", threshold: 2, of: "odds of naming a group, over how far apart they were", against: true },
  "gap-growth": { kind: "bias", side: "above", threshold: 1.75, of: "relative counterfactual gap over what it was", against: true },
} as const satisfies Record<string, AlarmRule>;

export type AlarmName = keyof typeof ALARM_RULES;
export const ALARM_NAMES = Object.keys(ALARM_RULES) as AlarmName[];
export type AlarmThresholds = Record<AlarmName, number>;

export const ALARM_DEFAULTS = Object.fromEntries(ALARM_NAMES.map((name) => [name, ALARM_RULES[name].threshold])) as AlarmThresholds;

/** Rows that must name a group before it can ring, and the least gap that is worth a word: one hundredth. */
const LEAST_TERM_ROWS = 20;
const LEAST_GAP = 0.01;

export interface Alarm {
  name: AlarmName;
  kind: "collapse" | "bias";
  /** The label, cell or group. */
  where: string;
  value: number;
  side: "above" | "below";
  threshold: number;
}

/** The alarms of an inspection, those against a baseline only where there is one. */
export function alarms(now: Inspection, baseline: Baseline | null, thresholds: AlarmThresholds = ALARM_DEFAULTS): Alarm[] {
  const rung: Alarm[] = [];
  const check = (name: AlarmName, where: string, value: number): void => {
    const { kind, side } = ALARM_RULES[name];
    const threshold = thresholds[name];
    if (side === "above" ? value > threshold : value < threshold) rung.push({ name, kind, where, value, side, threshold });
  };
  for (const { label, near } of now.near_duplicates) check("near-duplicates", cellName(label, null), near);
  for (const term of now.terms) {
    if (term.harmful + term.harmless < LEAST_TERM_ROWS) continue;
    check("term-odds", groupName(term), leastOddsRatio(term));
  }
  for (const { label, relative, interval } of now.survival ?? []) {
    if (interval[1] < 1) check("survival", cellName(label, null), relative);
  }
  for (const { label, relative } of now.held_out ?? []) check("held-out-loss", cellName(label, null), relative);
  if (baseline === null) return rung;

  for (const { label, topic, figures } of now.cells) {
    const before = baseline.cells.find((cell) => cell.label === label && cell.topic === topic)?.figures;
    if (!figures || !before) continue;
    const where = cellName(label, topic);
    for (const [name, figure] of [
      ["diversity", "vendi"],
      ["compression", "compression_ratio"],
    ] as const) {
      if (apart(figures[figure].interval, before[figure].interval)) check(name, where, figures[figure].value / before[figure].value);
    }
  }
  for (const term of now.terms) {
    const before = baseline.terms.find((other) => other.identity === term.identity);
    if (!before || term.harmful + term.harmless < LEAST_TERM_ROWS) continue;
    check("odds-growth", groupName(term), leastOddsGrowth(term, before));
  }
  const growth = gapGrowth(now, baseline);
  if (growth !== null) check("gap-growth", "model", growth);
  return rung;
}

/** How many times the relative gap is what it was, where it has grown by more than chance to something that counts. */
function gapGrowth({ model }: Inspection, baseline: Baseline): number | null {
  const gap = model?.counterfactual;
  if (!gap || gap.gap < LEAST_GAP) return null;
  if (model!.before !== null) {
    const { amplification } = model!.before;
    return amplification !== null && amplification.interval[0] > 1 ? amplification.ratio : null;
  }
  const before = baseline.model?.counterfactual;
  if (!before || before.relative === 0 || !apart(gap.relative_interval, before.relative_interval)) return null;
  return gap.relative / before.relative;
}

/** Whether two intervals have nothing in common; a figure without one is taken as it stands. */
function apart(a: Interval | null, b: Interval | null): boolean {
  return a === null || b === null || a[0] > b[1] || b[0] > a[1];
}

/** A group and the label that it leans to. */
function groupName({ identity, log_odds }: TermOdds): string {
  return `${identity}, ${log_odds > 0 ? "harmful" : "harmless"}`;
}

export function cellName(label: 0 | 1, topic: string | null): string {
  const name = label === 1 ? "harmful" : "harmless";
  return topic === null ? name : `${name} ${topic}`;
}

/** One line: the kind, the alarm, where, the figure and the threshold. */
export function tellAlarm({ kind, name, where, value, side, threshold }: Alarm): string {
  return `${kind}: ${name} of ${where} is ${Number(value.toPrecision(3))}, ${side} ${threshold}`;
}
