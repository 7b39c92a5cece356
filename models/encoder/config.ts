// What config.json says of an encoder: Hugging Face's keys (transformers' BertConfig and ModernBertConfig; keys not named here are let
// through), and those of Cordon's own from-scratch network. Newer transformers write `rope_parameters` and `layer_types`; parsing
// brings them back to the older keys, so that one form is read everywhere.

import { z } from "zod";

import { CordonError } from "#models/errors";

const positive = z.int().positive();
const share = z.number().min(0).max(1);

/** gelu is the exact one (erf); gelu_new and gelu_pytorch_tanh are the same tanh approximation. */
const ActivationSchema = z.enum(["gelu", "gelu_new", "gelu_pytorch_tanh", "relu"]);
export type Activation = z.infer<typeof ActivationSchema>;

/** "cls": the first token's vector; "mean": the mean over the tokens that are not padding. */
const PoolingSchema = z.enum(["cls", "mean"]);

const BertConfigSchema = z.looseObject({
  model_type: z.literal("bert"),
  vocab_size: positive,
  hidden_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  intermediate_size: positive,
  hidden_act: ActivationSchema.default("gelu"),
  hidden_dropout_prob: share.default(0.1),
  attention_probs_dropout_prob: share.default(0.1),
  /** Dropout before the classifier; null: hidden_dropout_prob. */
  classifier_dropout: share.nullable().default(null),
  max_position_embeddings: positive,
  type_vocab_size: positive.default(2),
  layer_norm_eps: z.number().positive().default(1e-12),
  initializer_range: z.number().positive().default(0.02),
  pad_token_id: z.int().nonnegative().nullable().default(0).transform(orZero),
  classifier_pooling: PoolingSchema.default("cls"),
});
export type BertConfig = z.infer<typeof BertConfigSchema>;

const ModernBertConfigSchema = z.looseObject({
  model_type: z.literal("modernbert"),
  vocab_size: positive,
  hidden_size: positive,
  intermediate_size: positive,
  num_hidden_layers: positive,
  num_attention_heads: positive,
  hidden_activation: ActivationSchema.default("gelu"),
  max_position_embeddings: positive,
  norm_eps: z.number().positive().default(1e-5),
  norm_bias: z.boolean().default(false),
  attention_bias: z.boolean().default(false),
  mlp_bias: z.boolean().default(false),
  /** Layer i attends globally where i is divisible by this. */
  global_attn_every_n_layers: positive.default(3),
  /** Width of a local layer's window in tokens: |i − j| ≤ ⌊local_attention / 2⌋. */
  local_attention: positive.default(128),
  global_rope_theta: z.number().positive().default(160_000),
  local_rope_theta: z.number().positive().default(10_000),
  attention_dropout: share.default(0),
  embedding_dropout: share.default(0),
  mlp_dropout: share.default(0),
  classifier_dropout: share.nullable().default(0).transform(orZero),
  classifier_bias: z.boolean().default(false),
  classifier_activation: ActivationSchema.default("gelu"),
  initializer_range: z.number().positive().default(0.02),
  initializer_cutoff_factor: z.number().positive().default(2),
  pad_token_id: z.int().nonnegative().nullable().default(0).transform(orZero),
  classifier_pooling: PoolingSchema.default("cls"),
});
export type ModernBertConfig = z.infer<typeof ModernBertConfigSchema>;

const PooledConfigSchema = z.looseObject({
  model_type: z.literal("cordon-pooled"),
  vocab_size: positive,
  embedding_size: positive,
  /** Tokens of a pooled window; 1: each token is its own. */
  window: positive,
  /** Tokens from the start of a window to the start of the next, at most `window`. */
  stride: positive,
  hidden_size: positive,
  /** 0: the head stands on the pooled windows. */
  num_hidden_layers: z.int().nonnegative(),
  num_attention_heads: positive,
  intermediate_size: positive,
  hidden_act: ActivationSchema.default("gelu"),
  layer_norm_eps: z.number().positive().default(1e-12),
  /** Windows, not tokens. */
  max_position_embeddings: positive,
  pad_token_id: z.literal(0).default(0),
  hidden_dropout_prob: share.default(0.1),
  attention_probs_dropout_prob: share.default(0.1),
  classifier_dropout: share.nullable().default(null),
  initializer_range: z.number().positive().default(0.02),
});
export type PooledConfig = z.infer<typeof PooledConfigSchema>;

const SCHEMAS = { bert: BertConfigSchema, modernbert: ModernBertConfigSchema, "cordon-pooled": PooledConfigSchema };

export type ModelType = keyof typeof SCHEMAS;
const MODEL_TYPES = Object.keys(SCHEMAS) as ModelType[];

/** For a manifest that was written by Cordon; text from elsewhere goes through `parseEncoderConfig`, which says more. */
export const EncoderConfigSchema = z.discriminatedUnion("model_type", [BertConfigSchema, ModernBertConfigSchema, PooledConfigSchema]);
export type EncoderConfig = z.infer<typeof EncoderConfigSchema>;

/**
 * The config of config.json's parsed JSON, in one form.
 * @throws CordonError `model/unsupported` for an architecture or a variant of one that Cordon does not have, `model/damaged` for a
 * config that lacks keys or contradicts itself.
 */
export function parseEncoderConfig(json: unknown, where: string): EncoderConfig {
  const type = typeof json === "object" && json !== null ? (json as { model_type?: unknown }).model_type : undefined;
  if (!isModelType(type)) {
    const found = typeof type === "string" ? `model_type "${type}"` : "a config without model_type";
    throw new CordonError("model/unsupported", `${found} is not an architecture of Cordon's`, {
      where,
      hint: `it knows ${MODEL_TYPES.join(", ")}`,
    });
  }
  const parsed = SCHEMAS[type].safeParse(type === "modernbert" ? withOlderKeys(json as Record<string, unknown>, where) : json);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`).join("; ");
    throw new CordonError("model/damaged", `the config of a ${type} does not hold: ${problems}`, { where });
  }
  const config: EncoderConfig = parsed.data;
  checkSizes(config, where);
  return config;
}

/** The labels of `id2label` in order, or undefined where the config has none (a checkpoint that was never a classifier). */
export function labelsOf(config: EncoderConfig): string[] | undefined {
  const parsed = z.record(z.string(), z.string()).safeParse(config.id2label);
  if (!parsed.success) return undefined;
  const labels = Array.from({ length: Object.keys(parsed.data).length }, (_, i) => parsed.data[String(i)]);
  return labels.every((label) => label !== undefined) ? labels : undefined;
}

/** Tokens that a network takes at once, special ones included. */
export function longestInput(config: EncoderConfig): number {
  const { max_position_embeddings: places } = config;
  return config.model_type === "cordon-pooled" ? (places - 1) * config.stride + config.window : places;
}

/** Whether layer `i` of a ModernBERT attends to all tokens. */
export function isGlobalLayer(config: ModernBertConfig, i: number): boolean {
  return i % config.global_attn_every_n_layers === 0;
}

function isModelType(type: unknown): type is ModelType {
  return typeof type === "string" && Object.hasOwn(SCHEMAS, type);
}

function orZero(id: number | null): number {
  return id ?? 0;
}

const RopeSchema = z.looseObject({ rope_theta: z.number().positive(), rope_type: z.literal("default").default("default") });
const NewerKeysSchema = z.looseObject({
  rope_parameters: z.looseObject({ full_attention: RopeSchema, sliding_attention: RopeSchema.nullish() }).nullish(),
  layer_types: z.array(z.enum(["full_attention", "sliding_attention"])).nullish(),
});

function withOlderKeys(json: Record<string, unknown>, where: string): Record<string, unknown> {
  const parsed = NewerKeysSchema.safeParse(json);
  if (!parsed.success) {
    throw new CordonError("model/unsupported", "its rope_parameters or layer_types are of a kind that Cordon does not have", {
      where,
      hint: 'rope_type "default" by full_attention and sliding_attention is read',
    });
  }
  const { rope_parameters: rope, layer_types: types } = parsed.data;
  const { rope_parameters: _rope, layer_types: _types, ...older } = json;
  if (rope) {
    older.global_rope_theta = rope.full_attention.rope_theta;
    older.local_rope_theta = (rope.sliding_attention ?? rope.full_attention).rope_theta;
  } else if (older.local_rope_theta === null) {
    older.local_rope_theta = older.global_rope_theta;
  }
  if (types) {
    const next = types.indexOf("full_attention", 1);
    const every = next === -1 ? Math.max(1, types.length) : next;
    const regular = types.every((type, i) => (type === "full_attention") === (i % every === 0));
    if (!regular || types.length !== older.num_hidden_layers) {
      throw new CordonError("model/unsupported", "its layer_types are not one global layer in every n, the first one global", { where });
    }
    older.global_attn_every_n_layers = every;
  }
  return older;
}

function checkSizes(config: EncoderConfig, where: string): void {
  const damaged = (what: string) =>
    new CordonError("model/damaged", `the config of a ${config.model_type} does not hold: ${what}`, { where });
  const { hidden_size: hidden, num_attention_heads: heads } = config;
  if (hidden % heads !== 0) throw damaged(`num_attention_heads ${heads} does not divide hidden_size ${hidden}`);
  if (config.pad_token_id >= config.vocab_size)
    throw damaged(`pad_token_id ${config.pad_token_id} is not below vocab_size ${config.vocab_size}`);
  switch (config.model_type) {
    case "bert": {
      const { position_embedding_type: positions = "absolute", is_decoder: decoder = false } = config;
      if (positions !== "absolute") {
        throw new CordonError("model/unsupported", `position_embedding_type "${String(positions)}"`, { where, hint: "absolute is read" });
      }
      if (decoder === true) throw new CordonError("model/unsupported", "a BERT that is a decoder", { where, hint: "an encoder is read" });
      break;
    }
    case "modernbert":
      if ((hidden / heads) % 2 !== 0) throw damaged(`rotary positions need an even head size, got ${hidden / heads}`);
      break;
    case "cordon-pooled":
      if (config.stride > config.window) throw damaged(`stride ${config.stride} is above window ${config.window}: tokens would be lost`);
      break;
  }
}
