// What a network is worth on a set of windows while it is trained: the loss, and how it ranks `harmful`.
import { packBatches } from "#models/encoder/batches";
import { auroc } from "#eval/metrics/ranking-metrics";
import { count, rank } from "#eval/metrics/ranking";
import type { EncoderNetwork } from "./networks/network.ts";
import { type TrainingSet, microBatches } from "./training-set.ts";
import type { Turns } from "./turns.ts";

export interface SetResult {
  /** Σ w·bce / Σ of the windows' weights; NaN where the network gives no numbers. */
  loss: number;
  /** Of label 0 by each row's highest window; null where a class is missing. */
  auroc: number | null;
}

export interface BatchSizes {
  microTokens: number;
  padId: number;
  maxTokens: number;
}

/** @param states (rows) of label 0: 1 present, 0 absent, -1 unknown @throws as Turns */
export async function evaluateSet(
  network: EncoderNetwork,
  set: TrainingSet,
  states: ArrayLike<number>,
  sizes: BatchSizes,
  turns: Turns,
): Promise<SetResult> {
  let sum = 0;
  const highest = new Float64Array(states.length).fill(Number.NEGATIVE_INFINITY);
  for (const { rows, length } of packBatches(set.lengths, { budget: sizes.microTokens, maxLength: sizes.maxTokens })) {
    await turns.take();
    const [part] = microBatches(set, rows, { ...sizes, microTokens: rows.length * length });
    const output = network.logits(part!.batch, null, null);
    const logits = await output.data();
    output.dispose();
    for (let n = 0; n < rows.length; n++) {
      const row = set.row[rows[n]!]!;
      highest[row] = Math.max(highest[row]!, logits[n * set.labels]!);
      for (let l = 0; l < set.labels; l++) {
        const at = n * set.labels + l;
        if (part!.weight[at]! > 0) sum += part!.weight[at]! * crossEntropy(logits[at]!, part!.target[at]!);
      }
    }
  }
  if (!Number.isFinite(sum)) return { loss: Number.NaN, auroc: null };
  const total = set.windowWeight.reduce((a, b) => a + b, 0);
  const known = Array.from(highest.keys()).filter((row) => states[row]! >= 0);
  const ranked = rank(
    known.map((row) => highest[row]!),
    known.map((row) => states[row]!),
  );
  return { loss: sum / total, auroc: auroc(count(ranked)) };
}

function crossEntropy(logit: number, target: number): number {
  return Math.max(logit, 0) - logit * target + Math.log1p(Math.exp(-Math.abs(logit)));
}
