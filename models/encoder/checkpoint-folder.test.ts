import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { Random } from "#models/random";
import { readCheckpoint, writeCheckpoint } from "./checkpoint-folder.ts";
import { type EncoderConfig, parseEncoderConfig } from "./config.ts";
import { byteLevelJson, wordPieceJson } from "./fixture-tokenizer.ts";
import { writeSafetensors } from "./safetensors.ts";
import { canonicalName, canonicalTensors, expectedTensors } from "./tensor-names.ts";
import { elements, type Tensors } from "./tensors.ts";
import { TOKENIZER_FILE, VOCABULARY_FILE } from "./tokenizer.ts";
import { WordCounter } from "./vocabulary.ts";

const SIZES = {
  vocab_size: 400,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 12,
  max_position_embeddings: 16,
};
const BERT = parseEncoderConfig({ model_type: "bert", ...SIZES }, "bert");
const MODERN = parseEncoderConfig({ model_type: "modernbert", ...SIZES }, "modernbert");
const POOLED = parseEncoderConfig({ model_type: "cordon-pooled", ...SIZES, embedding_size: 4, window: 3, stride: 2 }, "pooled");

function randomTensors(config: EncoderConfig, labels: number): Tensors {
  const random = new Random(1);
  const one = (shape: readonly number[]) => ({ shape, data: Float32Array.from({ length: elements(shape) }, () => random.next() - 0.5) });
  return new Map([...expectedTensors(config, labels)].map(([name, shape]) => [name, one(shape)]));
}

let root = "";
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "cordon-checkpoint-"));
});
afterAll(() => rm(root, { recursive: true }));

let folders = 0;
const folder = async () => {
  const dir = join(root, String(folders++));
  await mkdir(dir);
  return dir;
};
const counter = new WordCounter();
counter.add("some words of a text");
const words = counter.vocabulary({ minCount: 1, maxWords: 10, oovBuckets: 5 }).serialize();

describe.each([
  ["bert", BERT, new Map([[TOKENIZER_FILE, JSON.stringify(wordPieceJson())]])],
  ["modernbert", MODERN, new Map([[TOKENIZER_FILE, JSON.stringify(byteLevelJson())]])],
  ["cordon-pooled", POOLED, new Map([[VOCABULARY_FILE, words]])],
] as const)("a %s checkpoint", (_, config, tokenizerFiles) => {
  it("is the same after it was written and read, and the same bytes when written again", async () => {
    const labels = ["harmful", "violence", "fraud"];
    const tensors = randomTensors(config, labels.length);
    const dir = await folder();
    await writeCheckpoint(dir, { config, labels, tensors, tokenizerFiles });
    const read = await readCheckpoint(dir);
    expect(read.labels).toEqual(labels);
    expect(read.tensors).toEqual(tensors);
    expect(read.config).toMatchObject(config);
    expect(read.fresh).toEqual([]);
    expect(read.tokenizer.encode("some words").ids.length).toBeGreaterThan(1);

    const again = await folder();
    await writeCheckpoint(again, { config: read.config, labels, tensors: read.tensors, tokenizerFiles: read.tokenizerFiles });
    for (const name of ["config.json", "model.safetensors"]) {
      expect((await readFile(join(again, name))).equals(await readFile(join(dir, name))), name).toBe(true);
    }
  });
});

it("writes as floats what transformers 5 refuses as integers", async () => {
  const dir = await folder();
  const tokenizerFiles = new Map([[TOKENIZER_FILE, JSON.stringify(byteLevelJson())]]);
  await writeCheckpoint(dir, { config: MODERN, labels: ["harmful"], tensors: randomTensors(MODERN, 1), tokenizerFiles });
  const text = await readFile(join(dir, "config.json"), "utf8");
  expect(text).toMatch(/^ {2}"initializer_cutoff_factor": 2\.0,$/m);
  expect(text).toMatch(/^ {2}"local_rope_theta": 10000\.0,$/m);
  expect(text).toMatch(/^ {2}"hidden_size": 8,$/m);
});

describe("canonicalTensors", () => {
  const renamed = (tensors: Tensors, rename: (name: string) => string | undefined): Tensors =>
    new Map([...tensors].flatMap(([name, tensor]) => (rename(name) === undefined ? [] : [[rename(name)!, tensor]])));
  const extra = (tensors: Tensors, ...names: string[]): Tensors =>
    new Map([...tensors, ...names.map((name) => [name, { shape: [1], data: new Float32Array(1) }] as const)]);
  const bert = randomTensors(BERT, 2);
  const modern = randomTensors(MODERN, 2);
  const body = (tensors: Tensors, heads: RegExp) => new Map([...tensors].filter(([name]) => !heads.test(name)));

  it("reads a BertModel without prefix, an old one with gamma and beta, and a masked-LM one", () => {
    const heads = /^(classifier|bert\.pooler)\./;
    const plain = renamed(bert, (name) => (name.startsWith("bert.") ? name.slice(5) : undefined));
    expect(canonicalTensors(BERT, extra(plain, "embeddings.position_ids"), "f")).toEqual({
      tensors: body(bert, /^classifier\./),
      fresh: ["classifier.weight", "classifier.bias"],
      dropped: ["embeddings.position_ids"],
      classifierRows: undefined,
    });
    const old = renamed(bert, (name) => name.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"));
    expect(canonicalTensors(BERT, old, "f")).toMatchObject({ tensors: bert, fresh: [], dropped: [], classifierRows: 2 });
    const masked = extra(body(bert, heads), "cls.predictions.bias", "cls.predictions.decoder.weight");
    expect(canonicalTensors(BERT, masked, "f").fresh).toEqual([
      "bert.pooler.dense.weight",
      "bert.pooler.dense.bias",
      "classifier.weight",
      "classifier.bias",
    ]);
  });

  it("takes the head of a masked-LM ModernBERT, and drops its decoder", () => {
    const masked = extra(body(modern, /^classifier\./), "decoder.weight", "decoder.bias");
    const { tensors, fresh, dropped } = canonicalTensors(MODERN, masked, "f");
    expect(tensors.has("head.dense.weight") && tensors.has("head.norm.weight")).toBe(true);
    expect(fresh).toEqual(["classifier.weight", "classifier.bias"]);
    expect(dropped).toEqual(["decoder.weight", "decoder.bias"]);
    const plain = renamed(body(modern, /^(head|classifier)\./), (name) => name.slice("model.".length));
    expect(canonicalTensors(MODERN, plain, "f").fresh).toEqual([
      "head.dense.weight",
      "head.norm.weight",
      "classifier.weight",
      "classifier.bias",
    ]);
  });

  it("has no attn_norm in ModernBERT's first layer, and biases where the config says so", () => {
    expect(modern.has("model.layers.0.attn_norm.weight")).toBe(false);
    expect(modern.has("model.layers.1.attn_norm.weight")).toBe(true);
    const biased = expectedTensors(
      { ...MODERN, norm_bias: true, mlp_bias: true, attention_bias: true, classifier_bias: true } as EncoderConfig,
      2,
    );
    expect(biased.size - expectedTensors(MODERN, 2).size).toBe(6 + 4 + 4 + 1);
  });

  it("drops a classifier that was not for texts", () => {
    const { fresh } = canonicalTensors({ ...BERT, architectures: ["BertForTokenClassification"] } as EncoderConfig, bert, "f");
    expect(fresh).toEqual(["classifier.weight", "classifier.bias"]);
  });

  it("names missing, surplus and misshapen tensors in one line", () => {
    const odd = new Map([...extra(bert, "bert.extra.weight")].filter(([name]) => !name.includes("layer.1.attention.self.query")));
    odd.set("bert.pooler.dense.bias", { shape: [9], data: new Float32Array(9) });
    expect(() => canonicalTensors(BERT, odd, "m")).toThrow(
      expect.objectContaining({
        code: "model/other-tensors",
        message:
          "the weights are not those of the config of a bert: missing: bert.encoder.layer.1.attention.self.query.weight, " +
          "bert.encoder.layer.1.attention.self.query.bias; left over: bert.extra.weight; " +
          "of another shape: bert.pooler.dense.bias is [9], not [8] (m)",
      }),
    );
    const halfHead = body(bert, /^classifier\.bias$/);
    expect(() => canonicalTensors(BERT, halfHead, "m")).toThrow("missing: classifier.bias");
    const twice = extra(bert, "embeddings.LayerNorm.gamma");
    expect(() => canonicalTensors(BERT, twice, "m")).toThrow("twice");
    expect(() => canonicalTensors(POOLED, new Map(), "m")).toThrow(/missing: embeddings.*and \d+ more/);
  });

  it("keeps each canonical name", () => {
    for (const config of [BERT, MODERN, POOLED])
      for (const name of expectedTensors(config, 2).keys()) expect(canonicalName(config, name)).toBe(name);
  });
});

describe("readCheckpoint", () => {
  const good = async () => {
    const dir = await folder();
    await writeFile(join(dir, "config.json"), JSON.stringify(BERT));
    await writeFile(join(dir, TOKENIZER_FILE), JSON.stringify(wordPieceJson()));
    await writeSafetensors(join(dir, "model.safetensors"), randomTensors(BERT, 2));
    return dir;
  };

  it("names the labels of two unnamed classes as transformers does", async () => {
    expect((await readCheckpoint(await good())).labels).toEqual(["LABEL_0", "LABEL_1"]);
  });

  it("refuses labels and tokens that do not fit the weights", async () => {
    const dir = await good();
    await writeFile(join(dir, "config.json"), JSON.stringify({ ...BERT, id2label: { 0: "one" } }));
    await expect(readCheckpoint(dir)).rejects.toThrow("the classifier has 2 rows and id2label 1 labels");
    await writeFile(join(dir, TOKENIZER_FILE), JSON.stringify(wordPieceJson(Array.from({ length: 400 }, (_, i) => `word${i}`))));
    await expect(readCheckpoint(dir)).rejects.toThrow(/the tokeniser has \d+ ids where the config has 400/);
  });

  it("says what a folder lacks", async () => {
    await expect(readCheckpoint(join(root, "none"))).rejects.toThrow("no such folder");
    const dir = await folder();
    await expect(readCheckpoint(dir)).rejects.toThrow("there is no config.json");
    await writeFile(join(dir, "config.json"), "{");
    await expect(readCheckpoint(dir)).rejects.toThrow("no JSON");
    await writeFile(join(dir, "config.json"), JSON.stringify(BERT));
    await expect(readCheckpoint(dir)).rejects.toThrow("there is no model.safetensors");
    await writeFile(join(dir, "pytorch_model.bin"), "");
    await expect(readCheckpoint(dir)).rejects.toThrow("Python pickle (pytorch_model.bin)");
  });
});
