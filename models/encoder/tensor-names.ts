// The tensors of each architecture by name and shape, under the names that transformers' BertForSequenceClassification and
// ModernBertForSequenceClassification give them, and how a checkpoint that was saved from another class of transformers
// (BertModel, a masked-LM one), or by an old version of it, comes to those names.

import { CordonError } from "#models/errors";
import type { BertConfig, EncoderConfig, ModernBertConfig, ModelType, PooledConfig } from "./config.ts";
import { some, type Tensors } from "./tensors.ts";

export type Shapes = Map<string, readonly number[]>;

/** Parts that stand on the encoder: a checkpoint that was trained for another task may come without them. */
const HEADS: Record<ModelType, readonly string[]> = {
  bert: ["bert.pooler.dense.", "classifier."],
  modernbert: ["head.", "classifier."],
  "cordon-pooled": [],
};

/** All tensors of an encoder with a classifier over `labels` labels, in the order of the network. */
export function expectedTensors(config: EncoderConfig, labels: number): Shapes {
  switch (config.model_type) {
    case "bert":
      return bertTensors(config, labels);
    case "modernbert":
      return modernBertTensors(config, labels);
    case "cordon-pooled":
      return pooledTensors(config, labels);
  }
}

/**
 * The name a tensor has here, or undefined for one that is not used: a buffer of positions, the output layer of another task.
 */
export function canonicalName(config: EncoderConfig, name: string): string | undefined {
  switch (config.model_type) {
    case "bert": {
      if (/(^|\.)embeddings\.(position_ids|token_type_ids)$|^(cls|qa_outputs|lm_head)\./.test(name)) return undefined;
      const now = name.replace(/\.LayerNorm\.gamma$/, ".LayerNorm.weight").replace(/\.LayerNorm\.beta$/, ".LayerNorm.bias");
      return /^(embeddings|encoder|pooler)\./.test(now) ? `bert.${now}` : now;
    }
    case "modernbert":
      if (/^(decoder|qa_outputs|lm_head)\.|\.inv_freq$/.test(name)) return undefined;
      return /^(embeddings|layers|final_norm)\./.test(name) ? `model.${name}` : name;
    case "cordon-pooled":
      return name;
  }
}

export interface CanonicalTensors {
  tensors: Tensors;
  /** Tensors of the head that the checkpoint does not have: to be made anew. */
  fresh: string[];
  /** Names of tensors that are not used. */
  dropped: string[];
  /** Rows of the classifier; undefined where there is none. */
  classifierRows: number | undefined;
}

/**
 * A checkpoint's tensors under the names used here, complete but for the head.
 * @throws CordonError model/other-tensors, which names in one line all that are missing, left over or of another shape
 */
export function canonicalTensors(config: EncoderConfig, raw: Tensors, where: string): CanonicalTensors {
  const tensors: Tensors = new Map();
  const dropped: string[] = [];
  const problems: string[] = [];
  const classifies = classifiesTexts(config);
  for (const [name, tensor] of raw) {
    const canonical = canonicalName(config, name);
    if (canonical === undefined || (!classifies && canonical.startsWith("classifier."))) dropped.push(name);
    else if (tensors.has(canonical)) problems.push(`${canonical} stands there twice, under two names`);
    else tensors.set(canonical, tensor);
  }

  const classifierRows = tensors.get("classifier.weight")?.shape[0];
  const expected = expectedTensors(config, classifierRows ?? 1);
  const fresh = HEADS[config.model_type].flatMap((head) => {
    const names = [...expected.keys()].filter((name) => name.startsWith(head));
    return names.some((name) => tensors.has(name)) ? [] : names;
  });
  const missing = [...expected.keys()].filter((name) => !tensors.has(name) && !fresh.includes(name));
  const surplus = [...tensors.keys()].filter((name) => !expected.has(name));
  const reshaped = [...expected].flatMap(([name, shape]) => {
    const found = tensors.get(name)?.shape;
    return found === undefined || sameShape(found, shape) ? [] : [`${name} is [${found.join(", ")}], not [${shape.join(", ")}]`];
  });
  if (missing.length > 0) problems.push(`missing: ${some(missing)}`);
  if (surplus.length > 0) problems.push(`left over: ${some(surplus)}`);
  if (reshaped.length > 0) problems.push(`of another shape: ${some(reshaped)}`);
  if (problems.length > 0) {
    throw new CordonError(
      "model/other-tensors",
      `the weights are not those of the config of a ${config.model_type}: ${problems.join("; ")}`,
      {
        where,
      },
    );
  }
  return {
    tensors: new Map([...expected.keys()].flatMap((name) => (tensors.has(name) ? [[name, tensors.get(name)!]] : []))),
    fresh,
    dropped,
    classifierRows,
  };
}

/** False where the checkpoint's own classifier was for something else than whole texts, such as single tokens. */
function classifiesTexts(config: EncoderConfig): boolean {
  const { architectures } = config;
  const name: unknown = Array.isArray(architectures) ? architectures[0] : undefined;
  return typeof name !== "string" || !/For(?!SequenceClassification)/.test(name);
}

function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((n, i) => n === b[i]);
}

function bertTensors(config: BertConfig, labels: number): Shapes {
  const { hidden_size: d } = config;
  const shapes: Shapes = new Map();
  shapes.set("bert.embeddings.word_embeddings.weight", [config.vocab_size, d]);
  shapes.set("bert.embeddings.position_embeddings.weight", [config.max_position_embeddings, d]);
  shapes.set("bert.embeddings.token_type_embeddings.weight", [config.type_vocab_size, d]);
  addNorm(shapes, "bert.embeddings.LayerNorm", d);
  for (let i = 0; i < config.num_hidden_layers; i++) addBertLayer(shapes, `bert.encoder.layer.${i}`, d, config.intermediate_size);
  addLinear(shapes, "bert.pooler.dense", d, d);
  addLinear(shapes, "classifier", labels, d);
  return shapes;
}

function modernBertTensors(config: ModernBertConfig, labels: number): Shapes {
  const { hidden_size: d, intermediate_size: m, norm_bias, attention_bias, mlp_bias } = config;
  const shapes: Shapes = new Map();
  shapes.set("model.embeddings.tok_embeddings.weight", [config.vocab_size, d]);
  addNorm(shapes, "model.embeddings.norm", d, norm_bias);
  for (let i = 0; i < config.num_hidden_layers; i++) {
    const layer = `model.layers.${i}`;
    if (i > 0) addNorm(shapes, `${layer}.attn_norm`, d, norm_bias);
    addLinear(shapes, `${layer}.attn.Wqkv`, 3 * d, d, attention_bias);
    addLinear(shapes, `${layer}.attn.Wo`, d, d, attention_bias);
    addNorm(shapes, `${layer}.mlp_norm`, d, norm_bias);
    addLinear(shapes, `${layer}.mlp.Wi`, 2 * m, d, mlp_bias);
    addLinear(shapes, `${layer}.mlp.Wo`, d, m, mlp_bias);
  }
  addNorm(shapes, "model.final_norm", d, norm_bias);
  addLinear(shapes, "head.dense", d, d, config.classifier_bias);
  addNorm(shapes, "head.norm", d, norm_bias);
  addLinear(shapes, "classifier", labels, d);
  return shapes;
}

function pooledTensors(config: PooledConfig, labels: number): Shapes {
  const { hidden_size: d, embedding_size: e } = config;
  const shapes: Shapes = new Map();
  shapes.set("embeddings.word_embeddings.weight", [config.vocab_size, e]);
  addLinear(shapes, "projection", d, config.window === 1 ? e : 3 * e);
  shapes.set("embeddings.position_embeddings.weight", [config.max_position_embeddings, d]);
  addNorm(shapes, "embeddings.LayerNorm", d);
  for (let i = 0; i < config.num_hidden_layers; i++) addBertLayer(shapes, `encoder.layer.${i}`, d, config.intermediate_size);
  addLinear(shapes, "head.dense", d, 2 * d);
  addLinear(shapes, "classifier", labels, d);
  return shapes;
}

function addBertLayer(shapes: Shapes, layer: string, d: number, intermediate: number): void {
  for (const part of ["query", "key", "value"]) addLinear(shapes, `${layer}.attention.self.${part}`, d, d);
  addLinear(shapes, `${layer}.attention.output.dense`, d, d);
  addNorm(shapes, `${layer}.attention.output.LayerNorm`, d);
  addLinear(shapes, `${layer}.intermediate.dense`, intermediate, d);
  addLinear(shapes, `${layer}.output.dense`, d, intermediate);
  addNorm(shapes, `${layer}.output.LayerNorm`, d);
}

function addLinear(shapes: Shapes, name: string, outputs: number, inputs: number, bias = true): void {
  shapes.set(`${name}.weight`, [outputs, inputs]);
  if (bias) shapes.set(`${name}.bias`, [outputs]);
}

function addNorm(shapes: Shapes, name: string, size: number, bias = true): void {
  shapes.set(`${name}.weight`, [size]);
  if (bias) shapes.set(`${name}.bias`, [size]);
}
