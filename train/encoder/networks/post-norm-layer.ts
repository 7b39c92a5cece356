// BERT's layer (Devlin et al. 2019, https://arxiv.org/abs/1810.04805), as transformers' BertLayer computes it: attention, then a
// two-layer perceptron, each followed by dropout, the residual and layer norm. The from-scratch network uses the same.
import type { Activation } from "#models/encoder/config";
import { attention } from "#train/tensor/attention";
import { layerNorm, linear } from "#train/tensor/ops";
import { type Tensor, tf } from "#train/tensor/tf";
import { activate, drop } from "./heads.ts";
import type { DropoutSource } from "./network.ts";
import type { Parameters } from "./parameters.ts";

export interface PostNormConfig {
  readonly hidden_size: number;
  readonly num_attention_heads: number;
  readonly hidden_act: Activation;
  readonly layer_norm_eps: number;
  readonly hidden_dropout_prob: number;
  readonly attention_probs_dropout_prob: number;
}

export interface LayerInput {
  /** (N·T, d). */
  readonly x: Tensor;
  readonly rows: number;
  readonly tokens: number;
  /** Additive, (N, 1, 1, T); null where nothing is masked. */
  readonly mask: Tensor | null;
}

/** (N·T, d) of the layer whose tensors start with `prefix` ("bert.encoder.layer.0"). */
export function postNormLayer(
  input: LayerInput,
  prefix: string,
  parameters: Parameters,
  config: PostNormConfig,
  random: DropoutSource | null,
): Tensor {
  const dense = (x: Tensor, name: string) =>
    linear(x, parameters.get(`${prefix}.${name}.weight`), parameters.get(`${prefix}.${name}.bias`));
  const addAndNorm = (x: Tensor, residual: Tensor, name: string) =>
    layerNorm(
      tf.add(drop(x, config.hidden_dropout_prob, random), residual),
      parameters.get(`${prefix}.${name}.LayerNorm.weight`),
      parameters.get(`${prefix}.${name}.LayerNorm.bias`),
      config.layer_norm_eps,
    );

  const { x, rows, tokens, mask } = input;
  const { num_attention_heads: heads, hidden_size: width } = config;
  const size = width / heads;
  const byHead = (name: string) => tf.transpose(tf.reshape(dense(x, `attention.self.${name}`), [rows, tokens, heads, size]), [0, 2, 1, 3]);
  const attended = attention(
    byHead("query"),
    byHead("key"),
    byHead("value"),
    mask,
    1 / Math.sqrt(size),
    random === null ? undefined : { rate: config.attention_probs_dropout_prob, random },
  );
  const joined = tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [rows * tokens, width]);
  const attentionOutput = addAndNorm(dense(joined, "attention.output.dense"), x, "attention.output");
  const intermediate = activate(dense(attentionOutput, "intermediate.dense"), config.hidden_act);
  return addAndNorm(dense(intermediate, "output.dense"), attentionOutput, "output");
}
