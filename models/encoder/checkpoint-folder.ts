// A checkpoint as transformers' `save_pretrained` lays it out: config.json, model.safetensors (or shards and their index), and the
// tokenizer's files. Read from anywhere, written so that transformers and transformers.js open a BERT or ModernBERT as it stands.

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

import { CordonError } from "#models/errors";
import { type EncoderConfig, labelsOf, type ModelType, parseEncoderConfig } from "./config.ts";
import { createTokenizer, readTokenizerFiles, type TokenizerFiles } from "./open-tokenizer.ts";
import { readFolderTensors, WEIGHTS_FILE, writeSafetensors } from "./safetensors.ts";
import { canonicalName, canonicalTensors, expectedTensors } from "./tensor-names.ts";
import type { Tensors } from "./tensors.ts";
import type { EncoderTokenizer } from "./tokenizer.ts";

export const CONFIG_FILE = "config.json";

export interface Checkpoint {
  config: EncoderConfig;
  /** Under the names of `expectedTensors`, all but those of `fresh`. */
  tensors: Tensors;
  /** Names of the head's tensors that the checkpoint does not have, and that are to be made anew. */
  fresh: string[];
  /** Names of the tensors that were left out, such as the output layer of a masked language model. */
  dropped: string[];
  /** Of the classifier's rows; undefined where there is no classifier. */
  labels: string[] | undefined;
  tokenizer: EncoderTokenizer;
  tokenizerFiles: TokenizerFiles;
}

/**
 * Reads a checkpoint whole.
 * @throws CordonError usage/missing-file, model/damaged, model/unsupported, model/other-tensors
 */
export async function readCheckpoint(dir: string): Promise<Checkpoint> {
  const names = await readdir(dir).catch((cause: unknown) => {
    throw new CordonError("usage/missing-file", "no such folder", { where: dir, cause });
  });
  const where = join(dir, CONFIG_FILE);
  const config = await readCheckpointConfig(dir);
  const unused = new Set<string>();
  const raw = await readFolderTensors(dir, names, (name) => {
    if (canonicalName(config, name) !== undefined) return true;
    unused.add(name);
    return false;
  });
  const { tensors, fresh, dropped, classifierRows } = canonicalTensors(config, raw, dir);
  const tokenizerFiles = readTokenizerFiles(dir);
  const tokenizer = createTokenizer(tokenizerFiles, dir);
  if (tokenizer.vocabSize > config.vocab_size) {
    throw new CordonError("model/damaged", `the tokeniser has ${tokenizer.vocabSize} ids where the config has ${config.vocab_size}`, {
      where: dir,
      hint: "take both from one place",
    });
  }
  return {
    config,
    tensors,
    fresh,
    dropped: [...unused, ...dropped],
    labels: classifierLabels(config, classifierRows, where),
    tokenizer,
    tokenizerFiles,
  };
}

/** @throws CordonError usage/missing-file, model/damaged, model/unsupported */
export async function readCheckpointConfig(dir: string): Promise<EncoderConfig> {
  const where = join(dir, CONFIG_FILE);
  return parseEncoderConfig(await readConfig(where), where);
}

/**
 * Fills a folder, which stands there, with a whole checkpoint. Nothing in it is atomic: give it a folder that is renamed when it is full.
 * @param checkpoint.tensors exactly those of `expectedTensors(config, labels.length)`
 * @returns the names of the files
 */
export async function writeCheckpoint(
  dir: string,
  checkpoint: { config: EncoderConfig; labels: readonly string[]; tensors: Tensors; tokenizerFiles: TokenizerFiles },
): Promise<string[]> {
  const { config, labels, tensors, tokenizerFiles } = checkpoint;
  const expected = expectedTensors(config, labels.length);
  for (const [name, shape] of expected) {
    const found = tensors.get(name)?.shape.join();
    if (found !== shape.join()) throw new Error(`writeCheckpoint: ${name} must be [${shape.join()}], got [${found}]`);
  }
  for (const name of tensors.keys())
    if (!expected.has(name)) throw new Error(`writeCheckpoint: ${name} is no tensor of a ${config.model_type}`);
  await writeFile(join(dir, CONFIG_FILE), `${withFloats(JSON.stringify(configJson(config, labels), null, 2))}\n`);
  for (const [name, text] of tokenizerFiles) await writeFile(join(dir, name), text);
  await writeSafetensors(join(dir, WEIGHTS_FILE), tensors);
  return [CONFIG_FILE, ...tokenizerFiles.keys(), WEIGHTS_FILE];
}

const ARCHITECTURES: Record<ModelType, string> = {
  bert: "BertForSequenceClassification",
  modernbert: "ModernBertForSequenceClassification",
  "cordon-pooled": "CordonPooledForSequenceClassification",
};

/** config.json of a multi-label classifier. */
function configJson(config: EncoderConfig, labels: readonly string[]): Record<string, unknown> {
  return {
    ...config,
    architectures: [ARCHITECTURES[config.model_type]],
    problem_type: "multi_label_classification",
    id2label: Object.fromEntries(labels.map((label, i) => [i, label])),
    label2id: Object.fromEntries(labels.map((label, i) => [label, i])),
    torch_dtype: "float32",
  };
}

/** What transformers takes as a float alone, and JavaScript writes as `2` where Python wrote `2.0`: its version 5 refuses an integer. */
const FLOATS = /^( {2}"(?:initializer_cutoff_factor|initializer_range|(?:layer_)?norm_eps|(?:global|local)_rope_theta)": \d+)(?=,?$)/gm;

function withFloats(json: string): string {
  return json.replace(FLOATS, "$1.0");
}

async function readConfig(where: string): Promise<unknown> {
  const text = await readFile(where, "utf8").catch((cause: unknown) => {
    throw new CordonError("usage/missing-file", `there is no ${CONFIG_FILE}`, { where, hint: "a checkpoint is a folder with it", cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CordonError("model/damaged", "the file is no JSON", { where, hint: "fetch or copy it again", cause });
  }
}

/** Transformers leaves out the names of two unnamed labels, and calls them so. */
function classifierLabels(config: EncoderConfig, rows: number | undefined, where: string): string[] | undefined {
  if (rows === undefined) return undefined;
  const labels = labelsOf(config) ?? Array.from({ length: rows }, (_, i) => `LABEL_${i}`);
  if (labels.length === rows) return labels;
  throw new CordonError("model/damaged", `the classifier has ${rows} rows and id2label ${labels.length} labels`, { where });
}
