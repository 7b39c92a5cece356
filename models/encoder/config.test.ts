import { describe, expect, it } from "vitest";

import { isGlobalLayer, labelsOf, type ModernBertConfig, parseEncoderConfig } from "./config.ts";

const SIZES = {
  vocab_size: 100,
  hidden_size: 8,
  num_hidden_layers: 4,
  num_attention_heads: 2,
  intermediate_size: 16,
  max_position_embeddings: 32,
};
const BERT = { model_type: "bert", ...SIZES };
const MODERN = { model_type: "modernbert", ...SIZES };
const POOLED = { model_type: "cordon-pooled", ...SIZES, embedding_size: 4, window: 4, stride: 2 };

describe("parseEncoderConfig", () => {
  it("fills in what transformers takes for granted, and keeps keys that it does not know", () => {
    const bert = parseEncoderConfig({ ...BERT, torch_dtype: "float16", classifier_dropout: null }, "f");
    expect(bert).toMatchObject({
      hidden_act: "gelu",
      layer_norm_eps: 1e-12,
      type_vocab_size: 2,
      classifier_pooling: "cls",
      torch_dtype: "float16",
    });
    expect(parseEncoderConfig(MODERN, "f")).toMatchObject({
      norm_eps: 1e-5,
      norm_bias: false,
      local_attention: 128,
      global_rope_theta: 160_000,
    });
    expect(parseEncoderConfig(POOLED, "f")).toMatchObject({ pad_token_id: 0, stride: 2 });
  });

  it("reads a config that it gave back again", () => {
    for (const json of [BERT, MODERN, POOLED]) {
      const config = parseEncoderConfig(json, "f");
      expect(parseEncoderConfig(JSON.parse(JSON.stringify(config)), "f")).toEqual(config);
    }
  });

  it("takes ModernBERT's newer keys for the older ones", () => {
    const types = Array.from({ length: 4 }, (_, i) => (i % 3 === 0 ? "full_attention" : "sliding_attention"));
    const rope = { full_attention: { rope_type: "default", rope_theta: 5000 }, sliding_attention: { rope_type: "default", rope_theta: 7 } };
    const newer = parseEncoderConfig({ ...MODERN, layer_types: types, rope_parameters: rope }, "f") as ModernBertConfig;
    const older = parseEncoderConfig({ ...MODERN, global_attn_every_n_layers: 3, global_rope_theta: 5000, local_rope_theta: 7 }, "f");
    expect(newer).toEqual(older);
    expect([0, 1, 2, 3].map((i) => isGlobalLayer(newer, i))).toEqual([true, false, false, true]);
    expect(parseEncoderConfig({ ...MODERN, layer_types: Array(4).fill("full_attention") }, "f")).toMatchObject({
      global_attn_every_n_layers: 1,
    });
    expect(parseEncoderConfig({ ...MODERN, local_rope_theta: null, global_rope_theta: 9 }, "f")).toMatchObject({ local_rope_theta: 9 });
  });

  it.each([
    ['model_type "roberta" is not an architecture', { model_type: "roberta" }],
    ["without model_type", {}],
    ["without model_type", null],
    ['model_type "toString"', { model_type: "toString" }],
    ['position_embedding_type "relative_key"', { ...BERT, position_embedding_type: "relative_key" }],
    ["a BERT that is a decoder", { ...BERT, is_decoder: true }],
    ["rope_parameters or layer_types", { ...MODERN, rope_parameters: { full_attention: { rope_type: "yarn", rope_theta: 1 } } }],
    [
      "one global layer in every n",
      { ...MODERN, layer_types: ["full_attention", "full_attention", "sliding_attention", "full_attention"] },
    ],
    ["one global layer in every n", { ...MODERN, layer_types: Array(4).fill("sliding_attention") }],
    ["one global layer in every n", { ...MODERN, layer_types: ["full_attention"] }],
  ])("refuses what it does not have: %s", (what, json) => {
    const parse = () => parseEncoderConfig(json, "m/config.json");
    expect(parse).toThrow(expect.objectContaining({ code: "model/unsupported", message: expect.stringContaining(what) }));
  });

  it.each([
    ["num_attention_heads 3 does not divide hidden_size 8", { ...BERT, num_attention_heads: 3 }],
    ["vocab_size", { ...BERT, vocab_size: 0 }],
    ["pad_token_id 100", { ...BERT, pad_token_id: 100 }],
    ["even head size", { ...MODERN, num_attention_heads: 8 }],
    ["stride 5 is above window 4", { ...POOLED, stride: 5 }],
    ["hidden_act", { ...BERT, hidden_act: "silu" }],
  ])("refuses what contradicts itself: %s", (what, json) => {
    const parse = () => parseEncoderConfig(json, "m/config.json");
    expect(parse).toThrow(expect.objectContaining({ code: "model/damaged", message: expect.stringContaining(what) }));
  });

  it("names all unknown architectures it could have been", () => {
    expect(() => parseEncoderConfig({ model_type: "t5" }, "m/config.json")).toThrow(
      "(m/config.json): it knows bert, modernbert, cordon-pooled",
    );
  });
});

describe("labelsOf", () => {
  const labels = (id2label: unknown) => labelsOf(parseEncoderConfig({ ...BERT, id2label }, "f"));

  it("gives them in the order of their ids, or not at all", () => {
    expect(labels({ 1: "b", 0: "a" })).toEqual(["a", "b"]);
    for (const bad of [undefined, { 0: "a", 2: "b" }, { 0: 1 }, []]) expect(labels(bad)).toBeUndefined();
  });
});
