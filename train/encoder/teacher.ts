// Distillation (Hinton, Vinyals & Dean, 2015): the targets of a training set, mixed with the probabilities of a package that
// already knows. A label that a row leaves unknown takes the teacher's word alone.
import type { DocumentScorer } from "#models/document-score";
import type { Row } from "#train/label-states";
import type { TrainingSet } from "./training-set.ts";
import type { Turns } from "./turns.ts";

export interface Teacher {
  scorer: DocumentScorer;
  /** Its package's data hash and name, by which a run is told from another. */
  id: string;
}

/**
 * Mixes the teacher's probabilities into a set, in place. A known target t becomes (1 − α) · t + α · p; an unknown one becomes p
 * with α times the weight that it would have if it were known.
 * @param rows of the set @param labels (L) learned labels @param plainWeight (L) weight of a label in a row of weight 1
 * @throws Error where the teacher answers with no number; as Turns
 */
export async function addTeacher(
  set: TrainingSet,
  rows: readonly Row[],
  labels: readonly string[],
  plainWeight: readonly number[],
  { scorer }: Teacher,
  alpha: number,
  turns: Turns,
  progress: (done: number) => void = () => {},
): Promise<void> {
  const columns = labels.map((label) => scorer.labels.indexOf(label));
  for (let w = 0; w < set.windows; w++) {
    await turns.take();
    const { max } = scorer.scoreText(windowText(rows[set.row[w]!]!.example.text, set.spans[w * 2]!, set.spans[w * 2 + 1]!));
    columns.forEach((column, l) => {
      if (column < 0) return;
      const p = max[column]!;
      if (!(p >= 0 && p <= 1)) throw new Error("addTeacher: the teacher's score is no probability");
      const at = w * labels.length + l;
      if (set.weight[at]! > 0) set.target[at] = (1 - alpha) * set.target[at]! + alpha * p;
      else {
        set.target[at] = p;
        set.weight[at] = alpha * plainWeight[l]! * set.windowWeight[w]!;
      }
    });
    progress(w + 1);
  }
}

function windowText(text: string, start: number, end: number): string {
  // Without surrogates, as nearly every text, code points are UTF-16 units.
  return /[\uD800-\uDFFF]/.test(text) ? Array.from(text).slice(start, end).join("") : text.slice(start, end);
}
