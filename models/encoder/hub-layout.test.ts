// What a model card promises: transformers.js opens the package of a pretrained kind as it stands, and gives Cordon's scores.
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ManifestDraft } from "#models/manifest";
import { loadPackage, saveEncoderPackage } from "#models/package";
import { Random } from "#models/random";
import { openScorer } from "#models/scorer";
import { type EncoderConfig, EncoderConfigSchema } from "./config.ts";
import { byteLevelJson, wordPieceJson } from "./fixture-tokenizer.ts";
import { encoderOnnx } from "./onnx/encoder-onnx.ts";
import { expectedTensors } from "./tensor-names.ts";
import type { Tensors } from "./tensors.ts";

const LABELS = ["harmful", "hate"];
const MAX_TOKENS = 60;
const size = { hidden_size: 16, num_hidden_layers: 2, num_attention_heads: 2, intermediate_size: 24, max_position_embeddings: 64 };

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "cordon-hub-"));
});
afterAll(() => rm(dir, { recursive: true }));

async function save(name: string, tokenizer: Record<string, unknown>, config: Record<string, unknown>): Promise<string> {
  const vocab = Object.keys((tokenizer["model"] as { vocab: object }).vocab).length + (tokenizer["added_tokens"] as unknown[]).length;
  const parsed: EncoderConfig = EncoderConfigSchema.parse({ ...size, vocab_size: vocab, ...config });
  const random = new Random(7, name);
  const tensors: Tensors = new Map();
  for (const [tensor, shape] of expectedTensors(parsed, LABELS.length)) {
    const n = shape.reduce((product, x) => product * x, 1);
    tensors.set(tensor, { shape, data: Float32Array.from({ length: n }, () => (random.next() - 0.5) / (shape.length === 1 ? 4 : 1)) });
  }
  const special = { cls_token: "[CLS]", sep_token: "[SEP]", pad_token: "[PAD]", unk_token: "[UNK]", mask_token: "[MASK]" };
  const tokenizerConfig = { ...special, tokenizer_class: "PreTrainedTokenizerFast", model_max_length: MAX_TOKENS };
  const manifest: ManifestDraft = {
    cordonVersion: "0.0.0",
    name,
    description: "Random weights.",
    architecture: {
      kind: "encoder",
      config: parsed,
      maxTokens: MAX_TOKENS,
      tokenizer: "tokenizer.json",
      rules: {},
      precisions: { fp32: { auroc: 0.5 } },
      default: "fp32",
    },
    labels: LABELS,
    aggregate: "max",
    thresholds: {},
    operatingPoints: {},
    calibration: {},
    training: { dataSha256: "0".repeat(64), examples: 0, positives: {}, gitRevision: "none", seed: 7, options: {} },
    heldOut: {},
  };
  const { architecture } = manifest;
  if (architecture.kind !== "encoder") throw new Error("not an encoder");
  const contents = {
    tensors,
    tokenizer: new Map([
      ["tokenizer.json", JSON.stringify(tokenizer)],
      ["tokenizer_config.json", JSON.stringify(tokenizerConfig)],
    ]),
    graphs: { fp32: encoderOnnx(parsed, tensors, LABELS, { precision: "fp32" }) },
  };
  await saveEncoderPackage(join(dir, name), contents, { ...manifest, architecture });
  return join(dir, name);
}

test.each([
  ["bert", wordPieceJson(), { model_type: "bert" }, "transformers"],
  ["bert-mean", wordPieceJson(), { model_type: "bert", classifier_pooling: "mean" }, "transformers.js"],
  ["modernbert", byteLevelJson(), { model_type: "modernbert", global_attn_every_n_layers: 2, local_attention: 8 }, "transformers"],
])("%s", async (name, tokenizerJson, config, library) => {
  const path = await save(name, tokenizerJson, config);
  const { model } = await loadPackage(path);
  const scorer = await openScorer(model, { threads: 1 });
  const card = await readFile(join(path, "README.md"), "utf8");
  expect(card).toMatch(new RegExp(`^library_name: ${library}$`, "m"));
  // Python's BERT would read the first token of it.
  expect([card.includes("Not for Python's transformers"), card.includes("```python")]).toEqual([
    name === "bert-mean",
    name !== "bert-mean",
  ]);
  expect(card).toContain("| precision | AUROC |");

  const { AutoModelForSequenceClassification, AutoTokenizer, env } = await import("@huggingface/transformers");
  env.allowRemoteModels = false;
  const tokenizer = await AutoTokenizer.from_pretrained(path);
  const network = await AutoModelForSequenceClassification.from_pretrained(path, { dtype: "fp32" });
  for (const text of ["the cat sat", "A quiet day, and then another one: why?", "x"]) {
    const { logits } = (await network(tokenizer(text, { truncation: true, max_length: MAX_TOKENS }))) as {
      logits: { sigmoid(): { tolist(): number[][] } };
    };
    const [theirs] = logits.sigmoid().tolist();
    const { max, windows } = scorer.scoreText(text);
    expect(windows).toBe(1);
    theirs!.forEach((p, i) => expect(Math.abs(p - max[i]!)).toBeLessThan(1e-5));
  }
  expect((network.config as unknown as { id2label: object }).id2label).toEqual({ 0: "harmful", 1: "hate" });
  await network.dispose();
});
