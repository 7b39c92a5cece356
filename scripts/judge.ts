// The model whose bias is measured: a package, or one trained on the spot on what a set does not hold out.
import type { Example } from "#datasets/example";
import { splitOf } from "#datasets/splits";
import type { Judge } from "#eval/bias/model-bias";
import { aggregatedScores, type DocumentScorer } from "#models/document-score";
import type { Manifest } from "#models/manifest";
import { HARMFUL } from "#models/taxonomy";
import { NgramScorer } from "#models/ngram/scorer";
import { loadPackage } from "#models/package";
import { openScorer } from "#models/scorer";
import { TRAIN_DEFAULTS, trainNgram } from "#train/train-ngram";
import { CORDON_VERSION } from "#scripts/about";

/** A quarter of the default's buckets: what is measured is the data, not the last point of accuracy. */
const BITS = 18;

/** @throws CordonError as loadPackage */
export async function packageJudge(dir: string): Promise<Judge> {
  const { manifest, model } = await loadPackage(dir);
  return judgeOf(manifest.name, await openScorer(model), manifest);
}

/**
 * Without a calibration split: training would stop early by it, after one pass or after eight as chance has it in small
 * sets, and two models that stopped elsewhere are not to be compared.
 * @throws CordonError data/too-few-examples
 */
export async function trainJudge(rows: readonly Example[], name: string, seed: number): Promise<Judge> {
  const { model, manifest } = await trainNgram(
    rows.filter((row) => splitOf(row) !== "test").map((row): Example => ({ ...row, split: "train" })),
    { ...TRAIN_DEFAULTS, labels: HARMFUL, features: { bits: BITS, charNgrams: null }, seed, thresholdRule: { kind: "fixed", value: 0.5 } },
    { name, description: "", cordonVersion: CORDON_VERSION, gitRevision: "" },
  );
  return judgeOf(name, new NgramScorer(model), manifest);
}

/** By a model's first label. */
function judgeOf(name: string, scorer: DocumentScorer, { aggregate, thresholds }: Pick<Manifest, "aggregate" | "thresholds">): Judge {
  return {
    name,
    score: (text) => aggregatedScores(scorer.scoreText(text), aggregate)[0]!,
    threshold: thresholds[scorer.labels[0]!]?.threshold ?? 0.5,
  };
}
