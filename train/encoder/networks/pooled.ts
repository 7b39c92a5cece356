// Cordon's own small encoder, trained from scratch: pooled windows of word vectors (`pooled-windows.ts`) → projection and learned
// positions → BERT's layers → the mean and the maximum over windows → two linear layers. Its word vectors stay on the host.
import { type PooledConfig, longestInput } from "#models/encoder/config";
import type { Tensors } from "#models/encoder/tensors";
import { layerNorm, linear } from "#train/tensor/ops";
import { tf } from "#train/tensor/tf";
import { paddingMask } from "./attention-mask.ts";
import { drop, pooledHead } from "./heads.ts";
import { type EncoderNetwork, type SparseTable, cutTo } from "./network.ts";
import { Parameters, decays } from "./parameters.ts";
import { paddedWindows, poolWindows, windowMask } from "./pooled-windows.ts";
import { postNormLayer } from "./post-norm-layer.ts";

const WORDS = "embeddings.word_embeddings.weight";

export function pooledNetwork(config: PooledConfig, labels: readonly string[], tensors: Tensors): EncoderNetwork {
  const parameters = new Parameters(tensors, WORDS);
  const { hidden_size: width, num_hidden_layers: layers } = config;
  const longest = longestInput(config);
  const words = tensors.get(WORDS);
  if (words === undefined) throw new Error(`pooledNetwork: requires a tensor ${WORDS}`);
  const sparse: SparseTable = {
    name: WORDS,
    table: words.data.slice(),
    width: config.embedding_size,
    gather: (batch) => poolWindows(sparse.table, sparse.width, cutTo(batch, longest), config),
  };

  return {
    config,
    labels,
    variables: parameters.variables,
    sparse,
    logits(padded, given, random) {
      return tf.tidy(() => {
        const batch = cutTo(padded, longest);
        const rows = batch.rows;
        const windows = paddedWindows(batch.tokens, config);
        const valid = windowMask(batch, config);
        const gathered = given === null ? sparse.gather(batch) : null;
        const features = given ?? tf.tensor2d(gathered!.features, gathered!.shape);

        const projected = linear(features, parameters.get("projection.weight"), parameters.get("projection.bias"));
        const positions = tf.slice(parameters.get("embeddings.position_embeddings.weight"), [0, 0], [windows, width]);
        const summed = tf.reshape(tf.add(tf.reshape(projected, [rows, windows, width]), positions), [rows * windows, width]);
        const gamma = parameters.get("embeddings.LayerNorm.weight");
        const beta = parameters.get("embeddings.LayerNorm.bias");
        let x = drop(layerNorm(summed, gamma, beta, config.layer_norm_eps), config.hidden_dropout_prob, random);

        const mask = paddingMask(valid, rows, windows);
        for (let i = 0; i < layers; i++) {
          x = postNormLayer({ x, rows, tokens: windows, mask }, `encoder.layer.${i}`, parameters, config, random);
        }
        return pooledHead({ x, rows, tokens: windows, mask: valid }, parameters, config, random);
      });
    },
    depthOf(name) {
      const layer = /^encoder\.layer\.(\d+)\./.exec(name);
      if (layer !== null) return Number(layer[1]) + 1;
      return name.startsWith("embeddings.") || name.startsWith("projection.") ? 0 : layers + 1;
    },
    decays,
    dispose: () => parameters.dispose(),
  };
}
