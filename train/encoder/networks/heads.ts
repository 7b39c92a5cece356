// From hidden states to logits: pooling over tokens and the three architectures' classification heads (BertForSequenceClassification,
// ModernBertForSequenceClassification, Cordon's own).
import type { Activation, BertConfig, ModernBertConfig, PooledConfig } from "#models/encoder/config";
import { dropout } from "#train/tensor/dropout";
import { withGradient } from "#train/tensor/gradient";
import { gelu, layerNorm, linear } from "#train/tensor/ops";
import { type Tensor, type Tensor1D, tf } from "#train/tensor/tf";
import { additive } from "./attention-mask.ts";
import type { DropoutSource } from "./network.ts";
import type { Parameters } from "./parameters.ts";

/** Hidden states of a batch: x (N·T, d). */
export interface Hidden {
  readonly x: Tensor;
  readonly rows: number;
  readonly tokens: number;
  /** (N, T), 1 for a token. */
  readonly mask: Uint8Array;
}

export function activate(x: Tensor, activation: Activation): Tensor {
  switch (activation) {
    case "gelu":
      return gelu(x, "exact");
    case "gelu_new":
    case "gelu_pytorch_tanh":
      return gelu(x, "tanh");
    case "relu":
      return tf.relu(x);
  }
}

export function drop(x: Tensor, rate: number, random: DropoutSource | null): Tensor {
  return random === null || rate === 0 ? x : dropout(x, rate, random);
}

/** (N, d): the first token's state, or the mean over tokens (0 for a row without any). */
function poolTokens(hidden: Hidden, pooling: "cls" | "mean"): Tensor {
  const { rows, tokens, mask } = hidden;
  const weights = new Float32Array(rows * tokens);
  for (let n = 0; n < rows; n++) {
    const row = mask.subarray(n * tokens, (n + 1) * tokens);
    if (pooling === "cls") weights[n * tokens] = 1;
    else weights.set(meanWeights(row), n * tokens);
  }
  return weightedSum(hidden, weights);
}

/** (N, d): the maximum over tokens, by column; 0 for a row without any. The earliest of equal tokens gets the gradient. */
function maximumOverTokens({ x, rows, tokens, mask }: Hidden): Tensor {
  const width = x.shape[1]!;
  const highest = withGradient([x], ([x], save) => {
    const byRow = tf.reshape(x!, [rows, tokens, width]);
    const masked = mask.includes(0) ? tf.add(byRow, tf.tensor3d(additive(mask), [rows, tokens, 1])) : byRow;
    // Where each maximum stands in x: one number to send its gradient to, in place of a comparison with all of x.
    const tops = Int32Array.from({ length: rows * width }, (_, i) => Math.floor(i / width) * tokens * width + (i % width));
    const places = tf.add(
      tf.mul(tf.reshape(tf.argMax(masked, 1), [-1]), tf.scalar(width, "int32")),
      tf.tensor1d(tops, "int32"),
    ) as Tensor1D;
    save([places]);
    return {
      value: tf.reshape(tf.gather(tf.reshape(x!, [-1]), places), [rows, width]),
      gradFunc: (dy, [places]) => [
        tf.reshape(tf.unsortedSegmentSum(tf.reshape(dy, [-1]), places as Tensor1D, rows * tokens * width), [rows * tokens, width]),
      ],
    };
  });
  const present = Float32Array.from({ length: rows }, (_, n) => mask[n * tokens]!);
  return present.includes(0) ? tf.mul(highest, tf.tensor2d(present, [rows, 1])) : highest;
}

export function bertHead(hidden: Hidden, parameters: Parameters, config: BertConfig, random: DropoutSource | null): Tensor {
  const pooled = poolTokens(hidden, config.classifier_pooling);
  const dense = tf.tanh(linear(pooled, parameters.get("bert.pooler.dense.weight"), parameters.get("bert.pooler.dense.bias")));
  return classifier(drop(dense, config.classifier_dropout ?? config.hidden_dropout_prob, random), parameters);
}

export function modernBertHead(hidden: Hidden, parameters: Parameters, config: ModernBertConfig, random: DropoutSource | null): Tensor {
  const pooled = poolTokens(hidden, config.classifier_pooling);
  const dense = activate(
    linear(pooled, parameters.get("head.dense.weight"), parameters.find("head.dense.bias")),
    config.classifier_activation,
  );
  const normed = layerNorm(dense, parameters.get("head.norm.weight"), parameters.find("head.norm.bias"), config.norm_eps);
  return classifier(drop(normed, config.classifier_dropout, random), parameters);
}

export function pooledHead(hidden: Hidden, parameters: Parameters, config: PooledConfig, random: DropoutSource | null): Tensor {
  const pooled = tf.concat([poolTokens(hidden, "mean"), maximumOverTokens(hidden)], 1);
  const dense = gelu(linear(pooled, parameters.get("head.dense.weight"), parameters.get("head.dense.bias")), "exact");
  return classifier(drop(dense, config.classifier_dropout ?? config.hidden_dropout_prob, random), parameters);
}

function classifier(x: Tensor, parameters: Parameters): Tensor {
  return linear(x, parameters.get("classifier.weight"), parameters.get("classifier.bias"));
}

function meanWeights(mask: Uint8Array): Float32Array {
  const count = mask.reduce((sum, present) => sum + present, 0);
  return Float32Array.from(mask, (present) => (present === 1 ? 1 / count : 0));
}

// A product with one row of weights a text: on every back end faster than slicing or summing over the middle axis, and so is its gradient.
function weightedSum({ x, rows, tokens }: Hidden, weights: Float32Array): Tensor {
  const width = x.shape[1]!;
  const summed = tf.matMul(tf.tensor3d(weights, [rows, 1, tokens]), tf.reshape(x, [rows, tokens, width]));
  return tf.reshape(summed, [rows, width]);
}
