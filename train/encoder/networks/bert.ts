// BERT for sequence classification (Devlin et al. 2019, https://arxiv.org/abs/1810.04805), as transformers' computes it: learned
// positions, one token type, post-norm layers, a pooler with tanh. With `classifier_pooling: "mean"` the pooler gets the tokens' mean.
import type { BertConfig } from "#models/encoder/config";
import type { Tensors } from "#models/encoder/tensors";
import { embedding, layerNorm } from "#train/tensor/ops";
import { type Tensor, tf } from "#train/tensor/tf";
import { paddingMask } from "./attention-mask.ts";
import { bertHead, drop } from "./heads.ts";
import { type DropoutSource, type EncoderBatch, type EncoderNetwork, cutTo } from "./network.ts";
import { Parameters, decays } from "./parameters.ts";
import { postNormLayer } from "./post-norm-layer.ts";

const PREFIX = "bert.embeddings";

export function bertNetwork(config: BertConfig, labels: readonly string[], tensors: Tensors): EncoderNetwork {
  const parameters = new Parameters(tensors);

  const embed = ({ rows, tokens, ids }: EncoderBatch, random: DropoutSource | null): Tensor => {
    const words = embedding(parameters.get(`${PREFIX}.word_embeddings.weight`), tf.tensor1d(ids, "int32"));
    const width = config.hidden_size;
    const positions = tf.slice(parameters.get(`${PREFIX}.position_embeddings.weight`), [0, 0], [tokens, width]);
    const type = tf.slice(parameters.get(`${PREFIX}.token_type_embeddings.weight`), [0, 0], [1, width]);
    const summed = tf.reshape(tf.add(tf.reshape(words, [rows, tokens, width]), tf.add(positions, type)), [rows * tokens, width]);
    const norm = `${PREFIX}.LayerNorm`;
    const normed = layerNorm(summed, parameters.get(`${norm}.weight`), parameters.get(`${norm}.bias`), config.layer_norm_eps);
    return drop(normed, config.hidden_dropout_prob, random);
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
        const mask = paddingMask(batch.mask, rows, tokens);
        let x = embed(batch, random);
        for (let i = 0; i < config.num_hidden_layers; i++) {
          x = postNormLayer({ x, rows, tokens, mask }, `bert.encoder.layer.${i}`, parameters, config, random);
        }
        return bertHead({ x, rows, tokens, mask: batch.mask }, parameters, config, random);
      });
    },
    depthOf(name) {
      const layer = /^bert\.encoder\.layer\.(\d+)\./.exec(name);
      if (layer !== null) return Number(layer[1]) + 1;
      return name.startsWith(PREFIX) ? 0 : config.num_hidden_layers + 1;
    },
    decays,
    dispose: () => parameters.dispose(),
  };
}
