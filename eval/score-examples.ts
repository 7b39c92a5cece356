// Scores labelled examples with a model: one row of score and target an example.
import { categoryState, type Example } from "#datasets/example";
import type { Aggregate } from "#models/manifest";
import { type DocumentScore, aggregatedScores } from "#models/ngram/scorer";
import { isCategoryId } from "#models/taxonomy";
import { readingsOf } from "#models/text/readings";
import type { ScoredRow } from "./evaluate.ts";

export interface TextScorer {
  readonly labels: readonly string[];
  scoreText(text: string): DocumentScore;
}

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
  for await (const example of examples) {
    const readings = options.uncover ? readingsOf(example.text) : [example];
    const score = Math.max(...readings.map(({ text }) => aggregated(scorer.scoreText(text), options.aggregate, index)));
    rows.push({ score, label: target(example, options.label, options.category) });
    options.onRow?.();
  }
  return rows;
}
