// Quality against cost of a cascade: what its scores are worth where more and more texts go to the second stage, and what a
// text then costs. Both stages score every row once; each band is worked out from that.
import type { Example } from "#datasets/example";
import { alone, isUnsure, joined } from "#models/cascade/cascade-model";
import { aggregatedScores, type DocumentScorer } from "#models/document-score";
import type { Aggregate, CascadeArchitecture } from "#models/manifest";
import { readingsOf } from "#models/text/readings";
import type { ScoredRow } from "./evaluate.ts";
import { computeMetrics } from "./metrics/metrics.ts";
import { rank } from "./metrics/ranking.ts";
import { target } from "./score-examples.ts";

/** One text by both stages; several where disguises are undone, of which the highest score counts. */
interface Reading {
  /** First-stage score of the label that decides. */
  decides: number;
  alone: number;
  both: number;
  /** Milliseconds. */
  firstMs: number;
  secondMs: number;
}

export interface StagedRow {
  label: ScoredRow["label"];
  readings: Reading[];
}

export interface EscalationPoint {
  /** At most this share goes to the second stage, of the texts that the band was chosen on. */
  share: number;
  /** Share of these rows that does. */
  escalated: number;
  auroc: number | null;
  average_precision: number | null;
  /** Recall at a false positive rate of 1 %. */
  recall_at_fpr: number | null;
  /** Measured milliseconds a text, one text at a time, and how many times the first stage's. */
  ms: number;
  cost: number;
}

/** Of each set, where a package's own share stands among the points. */
export interface Escalation {
  share: number;
  sets: Record<string, EscalationPoint[]>;
}

export interface EscalationOptions {
  label: string;
  category: boolean;
  /** Of the evaluation; escalation goes by the package's own. */
  aggregate: Aggregate;
  escalateBy: Aggregate;
  uncover?: boolean;
  onRow?: () => void;
}

/** Scores every example with both stages, in order. */
export async function scoreStages(
  examples: AsyncIterable<Example>,
  architecture: CascadeArchitecture,
  { first, second }: { first: DocumentScorer; second: DocumentScorer },
  options: EscalationOptions,
): Promise<StagedRow[]> {
  const { label, aggregate } = options;
  const combination = architecture.combine[label]!;
  const decides = first.labels.indexOf(architecture.decides);
  const inFirst = first.labels.indexOf(label);
  const inSecond = second.labels.indexOf(label);
  const rows: StagedRow[] = [];
  for await (const example of examples) {
    const readings = (options.uncover ? readingsOf(example.text) : [example]).map(({ text }): Reading => {
      const started = performance.now();
      const one = first.scoreText(text);
      const between = performance.now();
      const two = second.scoreText(text);
      const secondMs = performance.now() - between;
      const p = aggregatedScores(one, aggregate)[inFirst]!;
      return {
        decides: aggregatedScores(one, options.escalateBy)[decides]!,
        alone: alone(combination, p),
        both: inSecond < 0 ? alone(combination, p) : joined(combination, p, aggregatedScores(two, aggregate)[inSecond]!),
        firstMs: between - started,
        secondMs,
      };
    });
    rows.push({ label: target(example, label, options.category), readings });
    options.onRow?.();
  }
  return rows;
}

/** A point for each of the bands that a package holds, its own among them. @param rows of at least one row */
export function escalationCurve(rows: readonly StagedRow[], architecture: CascadeArchitecture): EscalationPoint[] {
  const { bands: kept, band: own, escalate } = architecture;
  const bands = [...kept.filter(({ share }) => share !== escalate.share), { ...own, share: escalate.share }].sort(
    (a, b) => a.share - b.share,
  );
  const readings = rows.flatMap((row) => row.readings);
  const firstMs = readings.reduce((sum, reading) => sum + reading.firstMs, 0) / rows.length;
  return bands.map((band): EscalationPoint => {
    const unsure = (reading: Reading) => isUnsure(band, reading.decides);
    const known = rows.filter((row) => row.label !== -1);
    const ranking = rank(
      known.map((row) => Math.max(...row.readings.map((reading) => (unsure(reading) ? reading.both : reading.alone)))),
      known.map((row) => row.label),
    );
    const metrics = computeMetrics(ranking, 0.5);
    const secondMs = readings.reduce((sum, reading) => sum + (unsure(reading) ? reading.secondMs : 0), 0) / rows.length;
    return {
      share: band.share,
      escalated: rows.filter((row) => row.readings.some(unsure)).length / rows.length,
      auroc: metrics["auroc"]!,
      average_precision: metrics["average_precision"]!,
      recall_at_fpr: metrics["recall_at_fpr.0.01"]!,
      ms: firstMs + secondMs,
      cost: (firstMs + secondMs) / firstMs,
    };
  });
}

/** The mean over sets, point by point; a metric that is undefined in some is the mean over the others. */
export function meanCurve(curves: readonly (readonly EscalationPoint[])[]): EscalationPoint[] {
  return (curves[0] ?? []).map((point, i): EscalationPoint => {
    const over = (of: (p: EscalationPoint) => number | null) => average(curves.flatMap((curve) => of(curve[i]!) ?? []));
    return {
      share: point.share,
      escalated: over((p) => p.escalated)!,
      auroc: over((p) => p.auroc),
      average_precision: over((p) => p.average_precision),
      recall_at_fpr: over((p) => p.recall_at_fpr),
      ms: over((p) => p.ms)!,
      cost: over((p) => p.cost)!,
    };
  });
}

function average(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
