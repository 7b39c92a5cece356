// First values of what no checkpoint gives: transformers' initialisers (_init_weights of BERT and ModernBERT), word vectors where there are any.
import type { EncoderConfig, ModernBertConfig } from "#models/encoder/config";
import { expectedTensors } from "#models/encoder/tensor-names";
import { type Tensors, elements } from "#models/encoder/tensors";
import type { Random } from "#models/random";

const WORDS = "embeddings.word_embeddings.weight";

export interface FreshOptions {
  /** Vectors by id, (embedding_size) each, in place of random rows of the from-scratch network's table. */
  wordVectors?: ReadonlyMap<number, Float32Array>;
  /** Make only these tensors (`canonicalTensors(…).fresh`: the head of a checkpoint that lacks one). */
  only?: readonly string[];
}

/** Tensors by canonical name. Each draws from its place in the order of names, so a seed gives the same bytes. */
export function freshTensors(config: EncoderConfig, labels: number, random: Random, options: FreshOptions = {}): Tensors {
  const tensors: Tensors = new Map();
  for (const [name, shape] of expectedTensors(config, labels)) {
    if (options.only !== undefined && !options.only.includes(name)) continue;
    const data = new Float32Array(elements(shape));
    if (/norm\.weight$/i.test(name)) data.fill(1);
    else if (!name.endsWith("bias")) fillNormal(data, deviationOf(config, name), cutoffOf(config), random);
    tensors.set(name, { shape, data });
  }
  const words = tensors.get(WORDS);
  if (config.model_type === "cordon-pooled" && words !== undefined) {
    const width = config.embedding_size;
    words.data.fill(0, 0, width);
    for (const [id, vector] of options.wordVectors ?? []) {
      if (vector.length !== width) throw new Error(`freshTensors: requires word vectors of ${width}, got ${vector.length}`);
      words.data.set(vector, id * width);
    }
  }
  return tensors;
}

function deviationOf(config: EncoderConfig, name: string): number {
  const range = config.initializer_range;
  switch (config.model_type) {
    case "bert":
      return range;
    case "modernbert":
      return modernBertDeviation(config, name, range);
    case "cordon-pooled":
      return range;
  }
}

function modernBertDeviation(config: ModernBertConfig, name: string, range: number): number {
  if (name.startsWith("classifier.")) return 1 / Math.sqrt(config.hidden_size);
  const isOutput = name.endsWith(".Wo.weight") || name.startsWith("head.dense.");
  return isOutput ? range / Math.sqrt(2 * config.num_hidden_layers) : range;
}

/** In standard deviations; ModernBERT alone cuts the tails off. */
function cutoffOf(config: EncoderConfig): number {
  return config.model_type === "modernbert" ? config.initializer_cutoff_factor : Infinity;
}

// Box and Muller's method; a draw beyond the cutoff is drawn again.
function fillNormal(data: Float32Array, deviation: number, cutoff: number, random: Random): void {
  for (let i = 0; i < data.length; i++) {
    let z = Infinity;
    while (Math.abs(z) > cutoff || z === Infinity) {
      z = Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next());
    }
    data[i] = z * deviation;
  }
}
