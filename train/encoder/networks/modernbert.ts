// ModernBERT for sequence classification (Warner et al. 2024, https://arxiv.org/abs/2412.13663), as transformers' eager path computes
// it: pre-norm layers without biases, rotary positions, GeGLU, global attention in every n-th layer and local attention in the others.
// The first layer has no attention norm, since the embeddings' norm stands right before it.
import { type ModernBertConfig, isGlobalLayer } from "#models/encoder/config";
import type { Tensors } from "#models/encoder/tensors";
import { attention, rotary } from "#train/tensor/attention";
import { embedding, layerNorm, linear } from "#train/tensor/ops";
import { type Tensor, tf } from "#train/tensor/tf";
import { localMask, paddingMask } from "./attention-mask.ts";
import { ByLength } from "./by-length.ts";
import { activate, drop, modernBertHead } from "./heads.ts";
import { type DropoutSource, type EncoderNetwork, cutTo } from "./network.ts";
import { Parameters, decays } from "./parameters.ts";
import { rotaryTable } from "./rotary-table.ts";

interface LayerInput {
  /** (N·T, d). */
  readonly x: Tensor;
  readonly rows: number;
  readonly tokens: number;
  /** Additive, (N|1, 1, T|1, T). */
  readonly mask: Tensor | null;
  readonly cos: Tensor;
  readonly sin: Tensor;
}

export function modernBertNetwork(config: ModernBertConfig, labels: readonly string[], tensors: Tensors): EncoderNetwork {
  const parameters = new Parameters(tensors);
  const { hidden_size: width, num_attention_heads: heads, num_hidden_layers: layers } = config;
  const size = width / heads;
  const reach = Math.floor(config.local_attention / 2);
  const globalRotary = new ByLength((tokens) => ({ ...rotaryTable(tokens, size, config.global_rope_theta) }));
  const localRotary = new ByLength((tokens) => ({ ...rotaryTable(tokens, size, config.local_rope_theta) }));
  const localMasks = new ByLength((tokens) => ({ mask: localMask(tokens, reach) }));

  const dense = (x: Tensor, name: string) => linear(x, parameters.get(`model.${name}.weight`), parameters.find(`model.${name}.bias`));
  const norm = (x: Tensor, name: string) =>
    layerNorm(x, parameters.get(`model.${name}.weight`), parameters.find(`model.${name}.bias`), config.norm_eps);

  // A fused layer's weight is split, not its output: that has a row a token, and its pieces do not lie together.
  const denseParts = (x: Tensor, name: string, parts: number): Tensor[] => {
    const weights = tf.split(parameters.get(`model.${name}.weight`), parts, 0);
    const bias = parameters.find(`model.${name}.bias`);
    const biases = bias === null ? [] : tf.split(bias, parts, 0);
    return weights.map((weight, i) => linear(x, weight, biases[i] ?? null));
  };

  const attend = ({ x, rows, tokens, mask, cos, sin }: LayerInput, layer: string, random: DropoutSource | null): Tensor => {
    const [query, key, value] = denseParts(x, `${layer}.attn.Wqkv`, 3).map((part) =>
      tf.transpose(tf.reshape(part, [rows, tokens, heads, size]), [0, 2, 1, 3]),
    ) as [Tensor, Tensor, Tensor];
    const drops = random === null ? undefined : { rate: config.attention_dropout, random };
    const attended = attention(rotary(query, cos, sin), rotary(key, cos, sin), value, mask, 1 / Math.sqrt(size), drops);
    const joined = tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [rows * tokens, width]);
    return drop(dense(joined, `${layer}.attn.Wo`), config.attention_dropout, random);
  };

  const perceptron = (x: Tensor, layer: string, random: DropoutSource | null): Tensor => {
    const [input, gate] = denseParts(x, `${layer}.mlp.Wi`, 2) as [Tensor, Tensor];
    const gated = tf.mul(activate(input, config.hidden_activation), gate);
    return dense(drop(gated, config.mlp_dropout, random), `${layer}.mlp.Wo`);
  };

  return {
    config,
    labels,
    variables: parameters.variables,
    sparse: null,
    logits(padded, _features, random) {
      return tf.tidy(() => {
        const batch = cutTo(padded, config.max_position_embeddings);
        const { rows, tokens } = batch;
        const padding = paddingMask(batch.mask, rows, tokens);
        const local = tokens > reach + 1 ? localMasks.at(tokens).mask : null;
        const localAndPadding = local === null || padding === null ? (local ?? padding) : tf.minimum(local, padding);

        const words = embedding(parameters.get("model.embeddings.tok_embeddings.weight"), tf.tensor1d(batch.ids, "int32"));
        let x = drop(norm(words, "embeddings.norm"), config.embedding_dropout, random);
        for (let i = 0; i < layers; i++) {
          const layer = `layers.${i}`;
          const isGlobal = isGlobalLayer(config, i);
          const { cos, sin } = (isGlobal ? globalRotary : localRotary).at(tokens);
          const mask = isGlobal ? padding : localAndPadding;
          const normed = i === 0 ? x : norm(x, `${layer}.attn_norm`);
          x = tf.add(x, attend({ x: normed, rows, tokens, mask, cos, sin }, layer, random));
          x = tf.add(x, perceptron(norm(x, `${layer}.mlp_norm`), layer, random));
        }
        return modernBertHead({ x: norm(x, "final_norm"), rows, tokens, mask: batch.mask }, parameters, config, random);
      });
    },
    depthOf(name) {
      const layer = /^model\.layers\.(\d+)\./.exec(name);
      if (layer !== null) return Number(layer[1]) + 1;
      return name.startsWith("model.embeddings.") ? 0 : layers + 1;
    },
    decays,
    dispose() {
      for (const kept of [parameters, globalRotary, localRotary, localMasks]) kept.dispose();
    },
  };
}
