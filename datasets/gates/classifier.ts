// A model package as the gates use it: how likely it finds a text harmful.
import { aggregatedScores } from "#models/document-score";
import { CordonError } from "#models/errors";
import { loadPackage } from "#models/package";
import { openScorer } from "#models/scorer";
import { HARMFUL } from "#models/taxonomy";

export interface Classifier {
  /** Probability of `harmful` from which the package calls a text harmful. */
  threshold: number;
  /** Probability that a text is harmful, 0 to 1, or NaN. */
  probability(text: string): number;
}

/** @throws CordonError usage/missing-file, model/damaged, model/too-new, model/no-such-label */
export async function loadClassifier(dir: string): Promise<Classifier> {
  const { manifest, model } = await loadPackage(dir);
  const label = manifest.labels.indexOf(HARMFUL);
  const threshold = manifest.thresholds[HARMFUL]?.threshold;
  if (label === -1 || threshold === undefined) {
    throw new CordonError("model/no-such-label", `the model has no label ${HARMFUL} with a threshold`, { where: dir });
  }
  const scorer = await openScorer(model);
  return { threshold, probability: (text) => aggregatedScores(scorer.scoreText(text), manifest.aggregate)[label]! };
}
