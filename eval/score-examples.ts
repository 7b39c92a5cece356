// Scores labelled examples with a model: one row of score and target an example.
import { categoryState, type Example } from "#datasets/example";
import type { Aggregate } from "#models/manifest";
import { aggregatedScores, copyScore, type DocumentScore, type DocumentScorer } from "#models/document-score";
import { isCategoryId } from "#models/taxonomy";
import { readingsOf } from "#models/text/readings";
import type { ScoredRow } from "./evaluate.ts";

/** The part of a DocumentScorer that scoring examples needs. */
export type TextScorer = Pick<DocumentScorer, "labels" | "scoreText" | "scoreTexts">;

/** Examples that are scored together where the scorer can. */
const BATCH = 256;

/** A document's score for the label at `index`. */
export function aggregated(score: DocumentScore, aggregate: Aggregate, index: number): number {
  return aggregatedScores(score, aggregate)[index]!;
}

/** The target that a label is measured against: a category's state, or the example's own label for any other label. */
export function target(example: Example, label: string, category: boolean): ScoredRow["label"] {
  return category && isCategoryId(label) ? categoryState(example, label) : example.label;
}

export interface ScoreOptions {
  label: string;
  /** Measure against the example's category of this name, instead of against its harmful / harmless label. */
  category: boolean;
  aggregate: Aggregate;
  /** Undo disguises first, as the guard does: the score is the highest over a text's readings. */
  uncover?: boolean;
  onRow?: () => void;
}

/** Scores every example, in order. */
export async function scoreExamples(examples: AsyncIterable<Example>, scorer: TextScorer, options: ScoreOptions): Promise<ScoredRow[]> {
  const index = scorer.labels.indexOf(options.label);
  if (index < 0) throw new Error(`scoreExamples: label must be one of the scorer's, got ${options.label}`);
  const rows: ScoredRow[] = [];
  for await (const batch of batches(examples, scorer.scoreTexts === undefined ? 1 : BATCH)) {
    const readings = batch.map((example) => (options.uncover ? readingsOf(example.text) : [example]));
    const texts = readings.flatMap((of) => of.map(({ text }) => text));
    const scores = scorer.scoreTexts?.(texts) ?? texts.map((text) => copyScore(scorer.scoreText(text)));
    let next = 0;
    for (const [i, example] of batch.entries()) {
      const row: ScoredRow = { score: Number.NEGATIVE_INFINITY, label: target(example, options.label, options.category) };
      for (const _ of readings[i]!) {
        const score = scores[next++]!;
        row.score = Math.max(row.score, aggregated(score, options.aggregate, index));
        if (score.escalated !== undefined) row.escalated = row.escalated === true || score.escalated;
      }
      rows.push(row);
      options.onRow?.();
    }
  }
  return rows;
}

async function* batches(examples: AsyncIterable<Example>, size: number): AsyncGenerator<Example[]> {
  let batch: Example[] = [];
  for await (const example of examples) {
    batch.push(example);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}
