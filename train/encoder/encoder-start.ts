// What a fine-tuning starts from: a checkpoint with pretrained weights and its tokenizer, or random weights (or word vectors) and a
// vocabulary of the training texts.
import { createHash } from "node:crypto";
import { readCheckpoint } from "#models/encoder/checkpoint-folder";
import { type EncoderConfig, longestInput, parseEncoderConfig } from "#models/encoder/config";
import type { TokenizerFiles } from "#models/encoder/open-tokenizer";
import { expectedTensors } from "#models/encoder/tensor-names";
import type { Tensors } from "#models/encoder/tensors";
import { type EncoderTokenizer, VOCABULARY_FILE } from "#models/encoder/tokenizer";
import { WordCounter, type WordVocabulary } from "#models/encoder/vocabulary";
import { CordonError } from "#models/errors";
import { Random } from "#models/random";
import type { ScratchSize } from "./defaults.ts";
import { freshTensors } from "./networks/fresh-tensors.ts";
import { learnWordVectors } from "./skip-gram.ts";
import { type WordVectors, readWordVectors } from "./word-vectors.ts";

export interface EncoderStart {
  config: EncoderConfig;
  /** Complete, by canonical name. */
  tensors: Tensors;
  tokenizer: EncoderTokenizer;
  tokenizerFiles: TokenizerFiles;
  maxTokens: number;
  /** For the user: what was found. */
  told: string[];
}

export interface StartOptions {
  seed: number;
  maxTokens: number;
  /** Of every dropout; null leaves those of the config. */
  dropout: number | null;
}

/** Standard deviation of the numbers of learned word vectors: GloVe's and fastText's have about that. */
const EMBEDDING_SCALE = 0.35;

/** Characters of text below which no vectors are learned: rows that hardly moved would be noise to the network. */
const MIN_VECTOR_CHARACTERS = 1_000_000;

/** Keys of a config that are dropouts. */
const DROPOUTS: Record<EncoderConfig["model_type"], readonly string[]> = {
  bert: ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"],
  modernbert: ["attention_dropout", "embedding_dropout", "mlp_dropout", "classifier_dropout"],
  "cordon-pooled": ["hidden_dropout_prob", "attention_probs_dropout_prob", "classifier_dropout"],
};

/**
 * From a checkpoint's folder. Its classifier's rows stay where their labels are wanted; other labels get new rows.
 * @param labels (L) learned labels @param pooling in place of the config's
 * @throws CordonError usage/bad-option, usage/missing-file, model/*
 */
export async function pretrainedStart(
  dir: string,
  labels: readonly string[],
  options: StartOptions & { pooling?: "cls" | "mean" | undefined },
): Promise<EncoderStart> {
  const checkpoint = await readCheckpoint(dir);
  const config = withDropout(
    checkpoint.config.model_type === "cordon-pooled" || options.pooling === undefined
      ? checkpoint.config
      : { ...checkpoint.config, classifier_pooling: options.pooling },
    options.dropout,
  );
  const longest = longestInput(config);
  if (options.maxTokens > longest) {
    throw new CordonError("usage/bad-option", `the network takes at most ${longest} tokens, not ${options.maxTokens}`, {
      where: "--max-tokens",
    });
  }
  const fresh = freshTensors(config, labels.length, new Random(options.seed, "head"), {
    only: [...expectedTensors(config, labels.length).keys()].filter(
      (name) => checkpoint.fresh.includes(name) || name.startsWith("classifier."),
    ),
  });
  const known = checkpoint.labels?.filter((label) => labels.includes(label)) ?? [];
  for (const name of fresh.keys()) {
    const old = checkpoint.tensors.get(name);
    if (name.startsWith("classifier.") && old !== undefined) copyRows(old, checkpoint.labels!, fresh.get(name)!, labels);
  }
  const tensors: Tensors = new Map();
  for (const name of expectedTensors(config, labels.length).keys()) tensors.set(name, fresh.get(name) ?? checkpoint.tensors.get(name)!);
  const { tokenizer, tokenizerFiles, dropped } = checkpoint;
  return {
    config,
    tensors,
    tokenizer,
    tokenizerFiles,
    maxTokens: options.maxTokens,
    told: [
      ...(dropped.length > 0 ? [`left out of the checkpoint: ${dropped.length} tensors that a classifier does not have`] : []),
      known.length > 0 ? `the classifier's rows of ${known.length} labels are the checkpoint's` : "the classifier is new",
    ],
  };
}

/** Rows of the labels that both classifiers have. */
function copyRows(
  from: { data: Float32Array },
  fromLabels: readonly string[],
  to: { data: Float32Array },
  toLabels: readonly string[],
): void {
  const width = to.data.length / toLabels.length;
  toLabels.forEach((label, row) => {
    const old = fromLabels.indexOf(label);
    if (old >= 0) to.data.set(from.data.subarray(old * width, (old + 1) * width), row * width);
  });
}

/** Where the first embeddings of a network from scratch come from. */
export interface WordVectorSource {
  /** A file of word vectors, which sets the width of the embeddings; undefined: they are learned from the texts. */
  file?: string | undefined;
  /** Passes over the texts in which vectors are learned; 0: random ones. */
  epochs: number;
  /** Unlabelled texts to learn from beside the training split's. */
  documents: readonly string[];
  progress?: (text: string) => void;
}

/**
 * A network from scratch.
 * @param texts of the training split @param labels (L) learned labels
 * @throws CordonError usage/missing-file, data/malformed-row
 */
export async function scratchStart(
  texts: readonly string[],
  labels: readonly string[],
  size: ScratchSize,
  source: WordVectorSource,
  options: StartOptions,
): Promise<EncoderStart> {
  const counter = new WordCounter();
  const all = [...texts, ...source.documents];
  for (const text of all) counter.add(text);
  const tokenizer = counter.vocabulary({ minCount: size.minCount, maxWords: size.vocabulary, oovBuckets: size.oovBuckets });
  const words = await wordVectors(all, tokenizer, size, source, options.seed);
  const { window, stride } = size;
  const config = withDropout(
    parseEncoderConfig(
      {
        model_type: "cordon-pooled",
        vocab_size: tokenizer.vocabSize,
        embedding_size: words?.dimensions ?? size.embeddingSize,
        window,
        stride,
        hidden_size: size.hiddenSize,
        num_hidden_layers: size.layers,
        num_attention_heads: size.heads,
        intermediate_size: size.intermediateSize,
        max_position_embeddings: Math.max(1, Math.ceil((options.maxTokens - window) / stride) + 1),
      },
      "--size",
    ),
    options.dropout,
  );
  const tensors = freshTensors(
    config,
    labels.length,
    new Random(options.seed, "weights"),
    words === null ? {} : { wordVectors: vectorsById(words) },
  );
  return {
    config,
    tensors,
    tokenizer,
    tokenizerFiles: new Map([[VOCABULARY_FILE, tokenizer.serialize()]]),
    maxTokens: options.maxTokens,
    told: [
      `a vocabulary of ${tokenizer.hashes.length} words`,
      ...(words === null ? [] : [`word vectors of ${words.found} of them, ${words.dimensions} numbers each`]),
    ],
  };
}

async function wordVectors(
  texts: readonly string[],
  vocabulary: WordVocabulary,
  { embeddingSize: dimensions }: ScratchSize,
  { file, epochs, progress }: WordVectorSource,
  seed: number,
): Promise<WordVectors | null> {
  if (file !== undefined) return readWordVectors(file, vocabulary);
  if (epochs === 0 || texts.reduce((sum, { length }) => sum + length, 0) < MIN_VECTOR_CHARACTERS) return null;
  const told = (done: number) => progress?.(`word vectors: ${Math.floor(done * 100)} %`);
  const rows = await learnWordVectors(texts, vocabulary, { seed, dimensions, epochs, progress: told });
  const known = Uint8Array.from({ length: vocabulary.vocabSize }, (_, id) =>
    rows.subarray(id * dimensions, (id + 1) * dimensions).some((value) => value !== 0) ? 1 : 0,
  );
  scaleRows(rows, known, dimensions);
  return { dimensions, rows, known, found: known.subarray(1, vocabulary.hashes.length + 1).reduce((sum, is) => sum + is, 0) };
}

/** To a standard deviation of EMBEDDING_SCALE, whatever the texts were: what frequent words have grown to hangs on their number. */
function scaleRows(rows: Float32Array, known: Uint8Array, dimensions: number): void {
  const numbers = known.reduce((sum, is) => sum + is, 0) * dimensions;
  const deviation = Math.sqrt(rows.reduce((sum, value) => sum + value * value, 0) / Math.max(1, numbers));
  if (deviation > 0) for (let i = 0; i < rows.length; i++) rows[i]! *= EMBEDDING_SCALE / deviation;
}

function vectorsById({ rows, known, dimensions }: WordVectors): Map<number, Float32Array> {
  const vectors = new Map<number, Float32Array>();
  known.forEach((is, id) => {
    if (is === 1) vectors.set(id, rows.subarray(id * dimensions, (id + 1) * dimensions));
  });
  return vectors;
}

function withDropout(config: EncoderConfig, rate: number | null): EncoderConfig {
  return rate === null ? config : { ...config, ...Object.fromEntries(DROPOUTS[config.model_type].map((key) => [key, rate])) };
}

/** Of all values, in the order of their names. */
export function tensorsHash(tensors: Tensors): string {
  const hash = createHash("sha256");
  for (const [name, { shape, data }] of tensors) {
    hash.update(`${name} ${shape.join("×")} `);
    hash.update(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  }
  return hash.digest("hex");
}
