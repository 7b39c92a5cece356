// A tiny encoder with weights made by hand, for the tests of packages, cascades and the guard: it flags made-up words,
// whatever stands around them, through the real graph and the real tokens.
import type { EncoderArchitecture, ManifestDraft, Precision } from "#models/manifest";
import type { PooledConfig } from "./config.ts";
import type { EncoderContents } from "./encoder-files.ts";
import { encoderOnnx } from "./onnx/encoder-onnx.ts";
import { expectedTensors } from "./tensor-names.ts";
import type { Tensors } from "./tensors.ts";
import { WordVocabulary, wordHash } from "./vocabulary.ts";

const MAX_TOKENS = 64;
/** Logit of a label without any of its words; one word lifts it far over 0. */
const LOGIT = -5;

export interface FixtureEncoder {
  contents: EncoderContents;
  manifest: ManifestDraft & { architecture: EncoderArchitecture };
}

/** @param words made-up word → labels that it raises, beside the first of `labels` */
export function fixtureEncoder(
  labels: readonly string[],
  words: Readonly<Record<string, readonly string[]>>,
  precisions: readonly Precision[] = ["fp32"],
): FixtureEncoder {
  const names = Object.keys(words);
  const vocabulary = new WordVocabulary(
    names.map((word) => wordHash(word)!),
    8,
  );
  const size = names.length + 1;
  const config: PooledConfig = {
    model_type: "cordon-pooled",
    vocab_size: vocabulary.vocabSize,
    embedding_size: size,
    window: 1,
    stride: 1,
    hidden_size: size,
    num_hidden_layers: 0,
    num_attention_heads: 1,
    intermediate_size: size,
    hidden_act: "gelu",
    layer_norm_eps: 1e-12,
    max_position_embeddings: MAX_TOKENS,
    pad_token_id: 0,
    hidden_dropout_prob: 0,
    attention_probs_dropout_prob: 0,
    classifier_dropout: null,
    initializer_range: 0.02,
  };
  const tensors: Tensors = new Map();
  for (const [name, shape] of expectedTensors(config, labels.length))
    tensors.set(name, { shape, data: new Float32Array(shape.reduce((product, n) => product * n, 1)) });
  const put = (name: string, row: number, column: number, value: number) => {
    const { shape, data } = tensors.get(name)!;
    data[row * (shape[1] ?? 1) + column] = value;
  };
  tensors.get("embeddings.LayerNorm.weight")!.data.fill(1);
  for (let k = 0; k < size; k++) put("projection.weight", k, k, 1);
  names.forEach((word, k) => {
    // Other words are all zero, which the norm leaves as it is; a word's own number is then √(size − 1).
    put("embeddings.word_embeddings.weight", vocabulary.idOf(wordHash(word)!), k, 1);
    // Behind the mean over the text stands the maximum, of which the head reads a number for each word.
    put("head.dense.weight", k, size + k, 1);
    labels.forEach((label, row) => {
      if (row === 0 || words[word]!.includes(label)) put("classifier.weight", row, k, (-3 * LOGIT) / Math.sqrt(size - 1));
    });
  });
  tensors.get("classifier.bias")!.data.fill(LOGIT);
  const graph = (precision: Precision) => encoderOnnx(config, tensors, labels, { precision });
  return {
    contents: {
      tensors,
      tokenizer: new Map([["vocabulary.json", vocabulary.serialize()]]),
      graphs: { fp32: graph("fp32"), ...Object.fromEntries(precisions.map((precision) => [precision, graph(precision)])) },
    },
    manifest: {
      cordonVersion: "0.0.0",
      name: "fixture-encoder",
      description: "Flags made-up words.",
      architecture: {
        kind: "encoder",
        config,
        maxTokens: MAX_TOKENS,
        tokenizer: "words",
        rules: {},
        precisions: { fp32: {}, ...Object.fromEntries(precisions.map((precision) => [precision, {}])) },
        default: "fp32",
      },
      labels: [...labels],
      aggregate: "max",
      thresholds: Object.fromEntries(labels.map((label) => [label, { threshold: 0.5, rule: "fixture" }])),
      operatingPoints: {},
      calibration: {},
      training: { dataSha256: "1".repeat(64), examples: 0, positives: {}, gitRevision: "none", seed: 0, options: {} },
      heldOut: {},
    },
  };
}
