// The two stages of a cascade to be: whether they fit together, and what each says of the rows that neither was trained on.
import type { Split } from "#datasets/example";
import { aggregatedScores, type DocumentScorer } from "#models/document-score";
import { CordonError } from "#models/errors";
import { KINDS, type LoadedNgram } from "#models/loaded-model";
import type { Aggregate } from "#models/manifest";
import type { ModelPackage } from "#models/package";
import { type Row, stateOf } from "#train/label-states";

/** A band cannot be chosen, nor measured, on fewer rows of either state. */
const MIN_ROWS = 10;

/** @throws CordonError model/other-kind, usage/bad-option where the stages do not fit, data/too-few-examples */
export function checkStages(first: ModelPackage, second: ModelPackage): asserts first is ModelPackage & { model: LoadedNgram } {
  for (const [stage, wanted, flag] of [
    [first, "ngram", "--first"],
    [second, "encoder", "--second"],
  ] as const) {
    if (stage.model.kind === wanted) continue;
    throw new CordonError("model/other-kind", `${flag} takes ${KINDS[wanted]}, and the package holds ${KINDS[stage.model.kind]}`, {
      where: stage.dir,
      hint: wanted === "ngram" ? "make one with `cordon train`" : "make one with `cordon finetune`",
    });
  }
  const [a, b] = [first.manifest.labels[0]!, second.manifest.labels[0]!];
  if (a === b) return;
  throw new CordonError("usage/bad-option", `the stages decide by other labels, ${a} and ${b}`, {
    where: second.dir,
    hint: "join packages whose first label is the same",
  });
}

/** The rows that are not of the training split, nor say what one of its rows says word for word. */
export function unseenRows(rows: readonly Row[]): Row[] {
  const seen = new Set(rows.flatMap(({ split, example }) => (split === "train" ? [example.text] : [])));
  return rows.filter(({ split, example }) => split !== "train" && !seen.has(example.text));
}

/** @throws CordonError data/too-few-examples where one of the splits lacks rows of one state of the label that decides */
export function refuseFewRows(rows: readonly Row[], decides: string): void {
  for (const split of ["calibration", "test"] satisfies Split[]) {
    for (const state of [0, 1]) {
      const n = rows.filter((row) => row.split === split && stateOf(row.example, decides) === state).length;
      if (n >= MIN_ROWS) continue;
      throw new CordonError("data/too-few-examples", `the ${split} split has ${n} rows that are ${state === 1 ? "" : "not "}${decides}`, {
        hint: `at least ${MIN_ROWS} are needed: give --data that both stages were trained with`,
      });
    }
  }
}

/** Of one row. */
export interface BothScores {
  /** (labels of the stage), by the aggregate. */
  first: Float64Array;
  second: Float64Array;
  /** Milliseconds. */
  firstMs: number;
  secondMs: number;
}

export function scoreBoth(
  rows: readonly Row[],
  first: DocumentScorer,
  second: DocumentScorer,
  aggregate: Aggregate,
  progress: (text: string) => void,
): BothScores[] {
  return rows.map(({ example }, i) => {
    progress(`both stages have scored ${i} of ${rows.length} rows`);
    const started = performance.now();
    const one = aggregatedScores(first.scoreText(example.text), aggregate).slice();
    const between = performance.now();
    const two = aggregatedScores(second.scoreText(example.text), aggregate).slice();
    return { first: one, second: two, firstMs: between - started, secondMs: performance.now() - between };
  });
}

/** First-stage scores of its first label. @throws CordonError data/too-few-examples where there is no text */
export async function firstScores(texts: AsyncIterable<string>, first: DocumentScorer, aggregate: Aggregate): Promise<Float64Array> {
  const scores: number[] = [];
  for await (const text of texts) scores.push(aggregatedScores(first.scoreText(text), aggregate)[0]!);
  if (scores.length === 0) throw new CordonError("data/too-few-examples", "there is no text in the traffic", { where: "--traffic" });
  return Float64Array.from(scores);
}
