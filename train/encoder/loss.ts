// The loss of a batch (masked, weighted binary cross-entropy over several labels) and all gradients of a network. Soft targets and
// label smoothing are in the targets already (`targets.ts`).
import { maskedBinaryCrossEntropy } from "#train/tensor/ops";
import { type Scalar, type Tensor, tf } from "#train/tensor/tf";
import type { DropoutSource, EncoderBatch, EncoderNetwork } from "./networks/network.ts";

export interface BatchTargets {
  /** (N, L), 0 to 1. */
  readonly target: Float32Array;
  /** (N, L), at least 0; 0 where a label is unknown. */
  readonly weight: Float32Array;
  /** What Σ w·bce is divided by; the sum of the weights where it is left out. The parts of an accumulated batch share one. */
  readonly divisor?: number;
}

export interface LossGradients {
  loss: number;
  /** By canonical name, of all of the network's `variables`. The caller disposes of them. */
  gradients: Map<string, Tensor>;
  /** Of the rows of the sparse table that the batch touched: ids (U) and gradient (U, width). */
  rows: { ids: Int32Array; gradient: Float32Array } | null;
}

/** Σ w·bce(logit, target) / divisor, a scalar; 0 where all weights are. `logits` (N, L), before the sigmoid. */
export function batchLoss(logits: Tensor, { target, weight, divisor }: BatchTargets): Scalar {
  return tf.tidy(() => {
    const total = weight.reduce((sum, w) => sum + w, 0);
    if (total === 0) return tf.sum(tf.mul(logits, 0)) as Scalar;
    const shape = logits.shape;
    const mean = maskedBinaryCrossEntropy(logits, tf.tensor(target, shape), tf.tensor(weight, shape));
    return (divisor === undefined ? mean : tf.mul(mean, total / divisor)) as Scalar;
  });
}

/** One forward and backward pass. */
export async function lossAndGradients(
  network: EncoderNetwork,
  batch: EncoderBatch,
  targets: BatchTargets,
  dropout: DropoutSource | null,
): Promise<LossGradients> {
  const gathered = network.sparse?.gather(batch) ?? null;
  const features = gathered === null ? null : tf.tidy(() => tf.variable(tf.tensor2d(gathered.features, gathered.shape)));
  const variables = [...network.variables.values(), ...(features === null ? [] : [features])];
  const { value, grads } = tf.variableGrads(() => batchLoss(network.logits(batch, features, dropout), targets), variables);
  const gradients = new Map<string, Tensor>();
  for (const [name, variable] of network.variables) gradients.set(name, grads[variable.name]!);
  const loss = (await value.data())[0]!;
  value.dispose();
  if (gathered === null || features === null) return { loss, gradients, rows: null };
  const featureGradient = grads[features.name]!;
  const rows = { ids: gathered.ids, gradient: gathered.rowGradient((await featureGradient.data()) as Float32Array) };
  featureGradient.dispose();
  features.dispose();
  return { loss, gradients, rows };
}
