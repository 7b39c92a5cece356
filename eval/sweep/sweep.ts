// What each threshold would remove from a scored corpus, over all and by source, and the threshold that a rule given
// beforehand recommends. Pure: documents in, tables out; nothing is scored again.
import * as aq from "arquero";
import { quantile } from "#eval/metrics/bootstrap";
import { describeRule, recommend, type Recommendation, type Rule, sharesOf } from "./recommend.ts";
import { ledger, massOf, type ScoredDocument, type Unit, UNITS } from "./ledger.ts";

/** Sources kept apart; what is left of more is put together. */
export const MAX_SOURCES = 30;
export const OTHER_SOURCES = "(other sources)";

export type Shares = Record<Unit, number | null>;

/** One threshold over all documents. Shares are 0 to 1, null where the labels for them are missing. */
export interface SweepPoint {
  threshold: number;
  removed_count: Record<Unit, number>;
  removed: Shares;
  recall: Shares;
  precision: Shares;
  harmless_loss: Shares;
}

/** One threshold and one source. */
export interface SourcePoint {
  threshold: number;
  source: string;
  documents: number;
  characters: number;
  removed_documents: number;
  removed_characters: number;
  /** Removed documents labelled harmless, of those labelled so; likewise harmful. */
  harmless: number;
  false_positives: number;
  harmful: number;
  true_positives: number;
}

export interface ScoreHistogram {
  /** (b + 1) edges of the bins, 0 to 1. */
  edges: number[];
  /** By "harmful", "harmless" and "unlabelled", those that occur: (b) documents. */
  counts: Record<string, number[]>;
}

/** Where a source's scores lie: quantiles of its documents. */
export interface SourceScores {
  source: string;
  documents: number;
  quantiles: { p5: number; p25: number; p50: number; p75: number; p95: number };
}

export interface Sweep {
  documents: number;
  characters: number;
  labelled: { harmful: number; harmless: number; unknown: number };
  rule: Rule;
  rule_text: string;
  recommended: (Recommendation & { point: SweepPoint }) | null;
  points: SweepPoint[];
  by_source: SourcePoint[];
  histogram: ScoreHistogram;
  source_scores: SourceScores[];
}

export interface SweepOptions {
  rule: Rule;
  /** Beside the recommended one; by default round ones and those which remove round shares. */
  thresholds?: readonly number[];
  /** Thresholds to have in any case. */
  also?: readonly number[];
  /** Resamples for intervals, 0 for none. */
  resamples?: number;
  seed?: number;
}

/** Sweeps thresholds over at least one document. */
export function sweep(documents: readonly ScoredDocument[], options: SweepOptions): Sweep {
  if (documents.length === 0) throw new Error("sweep: needs at least one document, got 0");
  const { rule, resamples = 200, seed = 1 } = options;
  const rows = ledger(documents);
  const recommended = recommend(rows, rule, { resamples, seed });
  const wanted = [
    ...(options.thresholds ?? defaultThresholds(rows.scores)),
    ...(options.also ?? []),
    ...(recommended ? [recommended.threshold] : []),
  ];
  const thresholds = [...new Set(wanted)].sort((a, b) => a - b);
  const points = thresholds.map((threshold) => pointAt(rows, threshold));
  const whole = massOf(rows, "documents", rows.n);
  const grouped = group(documents);
  return {
    documents: rows.n,
    characters: massOf(rows, "characters", rows.n).all,
    labelled: { harmful: whole.harmful, harmless: whole.harmless, unknown: whole.all - whole.harmful - whole.harmless },
    rule,
    rule_text: describeRule(rule),
    recommended: recommended && { ...recommended, point: points.find((p) => p.threshold === recommended.threshold)! },
    points,
    by_source: bySource(grouped, thresholds),
    histogram: histogram(documents),
    source_scores: sourceScores(grouped),
  };
}

function pointAt(rows: ReturnType<typeof ledger>, threshold: number): SweepPoint {
  let low = 0;
  let high = rows.n;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows.scores[middle]! >= threshold) low = middle + 1;
    else high = middle;
  }
  const by = Object.fromEntries(
    UNITS.map((unit) => {
      const removed = massOf(rows, unit, low);
      return [unit, { count: removed.all, ...sharesOf(removed, massOf(rows, unit, rows.n)) }];
    }),
  ) as Record<Unit, { count: number } & ReturnType<typeof sharesOf>>;
  const both = <K extends keyof (typeof by)["documents"]>(key: K) => ({ documents: by.documents[key], characters: by.characters[key] });
  return {
    threshold,
    removed_count: both("count"),
    removed: both("removed"),
    recall: both("recall"),
    precision: both("precision"),
    harmless_loss: both("harmless_loss"),
  };
}

/** Round thresholds, and those which remove round shares of the documents. `scores` falling. */
export function defaultThresholds(scores: Float64Array): number[] {
  const round = [0.01, 0.02, ...Array.from({ length: 19 }, (_, i) => (i + 1) / 20), 0.98, 0.99];
  const removing = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];
  const quantiles = removing.map((share) => scores[Math.min(scores.length - 1, Math.floor(share * scores.length))]!);
  return [...new Set([...round, ...quantiles])].sort((a, b) => a - b);
}

/** The documents with the smallest of too many sources put together. */
function group(documents: readonly ScoredDocument[]): readonly ScoredDocument[] {
  const sizes = new Map<string, number>();
  for (const { source } of documents) sizes.set(source, (sizes.get(source) ?? 0) + 1);
  const largest = [...sizes].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([source]) => source);
  if (largest.length <= MAX_SOURCES) return documents;
  const apart = new Set(largest.slice(0, MAX_SOURCES - 1));
  return documents.map((document) => (apart.has(document.source) ? document : { ...document, source: OTHER_SOURCES }));
}

const bySourceName = (a: string, b: string) => Number(a === OTHER_SOURCES) - Number(b === OTHER_SOURCES) || (a < b ? -1 : 1);

function sourceScores(documents: readonly ScoredDocument[]): SourceScores[] {
  const scores = Map.groupBy(documents, (d) => d.source);
  return [...scores.keys()].sort(bySourceName).map((source) => {
    const sorted = scores
      .get(source)!
      .map((d) => d.score)
      .sort((a, b) => a - b);
    const at = (q: number) => quantile(sorted, q);
    return { source, documents: sorted.length, quantiles: { p5: at(0.05), p25: at(0.25), p50: at(0.5), p75: at(0.75), p95: at(0.95) } };
  });
}

/** Counts by source at each threshold: one pass puts documents between thresholds, sums from the top give the rest. */
function bySource(documents: readonly ScoredDocument[], thresholds: readonly number[]): SourcePoint[] {
  const groups = aq
    .table({
      source: documents.map(({ source }) => source),
      // How many thresholds would remove it: thresholds rise.
      passed: documents.map(({ score }) => upperBound(thresholds, score)),
      label: documents.map(({ label }) => label ?? -1),
      chars: documents.map(({ chars }) => chars),
    })
    .groupby("source", "passed", "label")
    .rollup({ documents: aq.op.count(), characters: aq.op.sum("chars") })
    .objects() as { source: string; passed: number; label: number; documents: number; characters: number }[];

  const sources = [...new Set(groups.map((g) => g.source))].sort(bySourceName);
  return sources.flatMap((source) => {
    const own = groups.filter((g) => g.source === source);
    const sum = (of: (g: (typeof own)[number]) => number) => own.reduce((total, g) => total + of(g), 0);
    return thresholds.map((threshold, k): SourcePoint => {
      const removed = (g: (typeof own)[number]) => g.passed > k;
      return {
        threshold,
        source,
        documents: sum((g) => g.documents),
        characters: sum((g) => g.characters),
        removed_documents: sum((g) => (removed(g) ? g.documents : 0)),
        removed_characters: sum((g) => (removed(g) ? g.characters : 0)),
        harmless: sum((g) => (g.label === 0 ? g.documents : 0)),
        false_positives: sum((g) => (g.label === 0 && removed(g) ? g.documents : 0)),
        harmful: sum((g) => (g.label === 1 ? g.documents : 0)),
        true_positives: sum((g) => (g.label === 1 && removed(g) ? g.documents : 0)),
      };
    });
  });
}

/** How many of the rising values are <= x. */
function upperBound(values: readonly number[], x: number): number {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! <= x) low = middle + 1;
    else high = middle;
  }
  return low;
}

function histogram(documents: readonly ScoredDocument[], bins = 40): ScoreHistogram {
  const counts: Record<string, number[]> = {};
  for (const { score, label } of documents) {
    const name = label === 1 ? "harmful" : label === 0 ? "harmless" : "unlabelled";
    const bin = Math.min(bins - 1, Math.max(0, Math.floor(score * bins)));
    (counts[name] ??= Array.from({ length: bins }, () => 0))[bin]!++;
  }
  return { edges: Array.from({ length: bins + 1 }, (_, i) => i / bins), counts };
}

/** All points as one tidy table, a row for each threshold and source; the source of a whole row is `*`. */
export function sweepCsv({ points, by_source, labelled, documents, characters }: Sweep): string {
  const whole = points.map((p) => ({
    threshold: p.threshold,
    source: "*",
    documents,
    characters,
    removed_documents: p.removed_count.documents,
    removed_characters: p.removed_count.characters,
    harmless: labelled.harmless,
    false_positives: Math.round((p.harmless_loss.documents ?? 0) * labelled.harmless),
    harmful: labelled.harmful,
    true_positives: Math.round((p.recall.documents ?? 0) * labelled.harmful),
  }));
  return `${aq
    .from([...whole, ...by_source])
    .derive({
      removed_documents_share: (d: SourcePoint) => d.removed_documents / d.documents,
      removed_characters_share: (d: SourcePoint) => d.removed_characters / d.characters,
      recall: (d: SourcePoint) => (d.harmful > 0 ? d.true_positives / d.harmful : null),
      precision: (d: SourcePoint) =>
        d.true_positives + d.false_positives > 0 ? d.true_positives / (d.true_positives + d.false_positives) : null,
      false_positive_rate: (d: SourcePoint) => (d.harmless > 0 ? d.false_positives / d.harmless : null),
    })
    .toCSV()
    .trimEnd()}\n`;
}
