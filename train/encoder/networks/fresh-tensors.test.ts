import { describe, expect, it } from "vitest";
import { parseEncoderConfig } from "#models/encoder/config";
import { Random } from "#models/random";
import { freshTensors } from "./fresh-tensors.ts";

const sizes = {
  vocab_size: 200,
  hidden_size: 32,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 64,
  max_position_embeddings: 16,
};
const bert = parseEncoderConfig({ model_type: "bert", ...sizes }, "bert");
const modernbert = parseEncoderConfig({ model_type: "modernbert", ...sizes }, "modernbert");
const pooled = parseEncoderConfig({ model_type: "cordon-pooled", ...sizes, embedding_size: 4, window: 1, stride: 1 }, "pooled");

function deviation(values: Float32Array): number {
  return Math.sqrt(values.reduce((sum, value) => sum + value * value, 0) / values.length);
}

describe("freshTensors", () => {
  it("is deterministic for a seed", () => {
    expect(freshTensors(bert, 3, new Random(5))).toEqual(freshTensors(bert, 3, new Random(5)));
    expect(freshTensors(bert, 3, new Random(5))).not.toEqual(freshTensors(bert, 3, new Random(6)));
  });

  it("draws weights as transformers does", () => {
    const tensors = freshTensors(bert, 3, new Random(1));
    expect(deviation(tensors.get("bert.embeddings.word_embeddings.weight")!.data)).toBeCloseTo(0.02, 3);
    expect(new Set(tensors.get("bert.embeddings.LayerNorm.weight")!.data)).toEqual(new Set([1]));
    expect(new Set(tensors.get("classifier.bias")!.data)).toEqual(new Set([0]));

    const modern = freshTensors(modernbert, 3, new Random(1));
    const words = modern.get("model.embeddings.tok_embeddings.weight")!.data;
    expect(words.every((value) => Math.abs(value) <= 0.04)).toBe(true);
    const cut = 0.8796;
    expect(deviation(words)).toBeCloseTo(0.02 * cut, 3);
    expect(deviation(modern.get("model.layers.1.mlp.Wo.weight")!.data)).toBeCloseTo(0.01 * cut, 3);
    expect(deviation(modern.get("classifier.weight")!.data) / (cut / Math.sqrt(32))).toBeCloseTo(1, 0);
  });

  it("makes a head alone, and takes word vectors", () => {
    expect([...freshTensors(bert, 3, new Random(1), { only: ["classifier.weight", "classifier.bias"] }).keys()]).toEqual([
      "classifier.weight",
      "classifier.bias",
    ]);
    const vector = Float32Array.from([1, 2, 3, 4]);
    const { data } = freshTensors(pooled, 1, new Random(1), { wordVectors: new Map([[7, vector]]) }).get(
      "embeddings.word_embeddings.weight",
    )!;
    expect(data.slice(28, 32)).toEqual(vector);
    expect(data.slice(0, 4)).toEqual(new Float32Array(4));
    expect(() => freshTensors(pooled, 1, new Random(1), { wordVectors: new Map([[7, vector.slice(1)]]) })).toThrow("word vectors of 4");
  });
});
