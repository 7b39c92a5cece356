// Reads one folder of train/encoder/fixtures: a tiny random checkpoint and what the reference in Python made of it.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type EncoderConfig, labelsOf, parseEncoderConfig } from "#models/encoder/config";
import { readSafetensors } from "#models/encoder/safetensors";
import type { Tensors } from "#models/encoder/tensors";
import type { EncoderBatch } from "./network.ts";

export const FIXTURES = join(import.meta.dirname, "..", "fixtures");
export const CASES = ["bert-cls", "bert-mean", "modernbert-cls", "modernbert-mean", "pooled-windows", "pooled-tokens"] as const;

export interface ParityFixture {
  readonly config: EncoderConfig;
  readonly labels: readonly string[];
  readonly tensors: Tensors;
  readonly batch: EncoderBatch;
  /** (N, L), 0 and 1. */
  readonly targets: Float32Array;
  /** (N, L). */
  readonly logits: Float32Array;
  /** Mean over all rows and labels. */
  readonly loss: number;
  /** d loss / d tensor, by name. */
  readonly gradients: Tensors;
  /** Tensors after one step of AdamW with the options of made-by.json. */
  readonly stepped: Tensors;
}

export interface FixtureAdamw {
  lr: number;
  betas: [number, number];
  eps: number;
  weight_decay: number;
}

export function readAdamw(): FixtureAdamw {
  return (JSON.parse(readFileSync(join(FIXTURES, "made-by.json"), "utf8")) as { adamw: FixtureAdamw }).adamw;
}

export async function readFixture(name: (typeof CASES)[number]): Promise<ParityFixture> {
  const folder = join(FIXTURES, name);
  const config = parseEncoderConfig(JSON.parse(readFileSync(join(folder, "config.json"), "utf8")), folder);
  const expected = JSON.parse(readFileSync(join(folder, "expected.json"), "utf8")) as {
    input_ids: number[][];
    attention_mask: number[][];
    targets: number[][];
    logits: number[][];
    loss: number;
  };
  return {
    config,
    labels: labelsOf(config)!,
    tensors: await readSafetensors(join(folder, "model.safetensors")),
    batch: {
      rows: expected.input_ids.length,
      tokens: expected.input_ids[0]!.length,
      ids: Int32Array.from(expected.input_ids.flat()),
      mask: Uint8Array.from(expected.attention_mask.flat()),
    },
    targets: Float32Array.from(expected.targets.flat()),
    logits: Float32Array.from(expected.logits.flat()),
    loss: expected.loss,
    gradients: await readSafetensors(join(folder, "gradients.safetensors")),
    stepped: await readSafetensors(join(folder, "stepped.safetensors")),
  };
}
