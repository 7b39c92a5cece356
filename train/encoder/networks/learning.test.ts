// That the networks learn, apart from any reference: gradients against finite differences, with dropout on, and sixteen rows learnt by heart.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type EncoderConfig, parseEncoderConfig } from "#models/encoder/config";
import { Random } from "#models/random";
import { LazyAdamw } from "#train/encoder/lazy-adamw";
import { type BatchTargets, batchLoss, lossAndGradients } from "#train/encoder/loss";
import { adamwStep } from "#train/tensor/adamw";
import { closeBackend, openBackend } from "#train/tensor/backend";
import { tf } from "#train/tensor/tf";
import { createNetwork } from "./create-network.ts";
import { freshTensors } from "./fresh-tensors.ts";
import type { EncoderBatch, EncoderNetwork } from "./network.ts";
import { wholeGradient } from "./parity-errors.ts";

const SIZES = {
  vocab_size: 50,
  hidden_size: 16,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  intermediate_size: 32,
  initializer_range: 0.3,
};
const CONFIGS: Record<string, EncoderConfig> = Object.fromEntries(
  Object.entries({
    bert: { model_type: "bert", ...SIZES, max_position_embeddings: 16 },
    modernbert: {
      ...{ model_type: "modernbert", ...SIZES, max_position_embeddings: 16, local_attention: 4, global_attn_every_n_layers: 2 },
      ...{ attention_dropout: 0.1, mlp_dropout: 0.1, embedding_dropout: 0.1, classifier_pooling: "mean" },
    },
    pooled: { model_type: "cordon-pooled", ...SIZES, embedding_size: 10, window: 4, stride: 3, max_position_embeddings: 8 },
  }).map(([name, json]) => [name, parseEncoderConfig(json, name)]),
);
const LABELS = ["harmful", "violence"];
const ADAMW = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 };

function randomBatch(rows: number, tokens: number, random: Random): { batch: EncoderBatch; targets: BatchTargets } {
  const ids = Int32Array.from({ length: rows * tokens }, () => 1 + random.below(SIZES.vocab_size - 1));
  const mask = new Uint8Array(rows * tokens);
  for (let n = 0; n < rows; n++) mask.fill(1, n * tokens, n * tokens + 4 + random.below(tokens - 4));
  const target = Float32Array.from({ length: rows * LABELS.length }, () => random.below(2));
  return { batch: { rows, tokens, ids, mask }, targets: { target, weight: target.map((_, i) => (i % 5 === 4 ? 0 : 1)) } };
}

/** Σ gradient·direction, and the same by the loss on either side. */
async function slopes(network: EncoderNetwork, name: string, gradient: Float32Array, random: Random, loss: () => number) {
  const length = Math.hypot(...gradient);
  const noise = Float32Array.from(gradient, () => random.next() - 0.5);
  const noiseLength = Math.hypot(...noise);
  const direction = gradient.map((g, i) => g / length + noise[i]! / noiseLength);
  const variable = network.variables.get(name);
  const values = variable === undefined ? network.sparse!.table.slice() : Float32Array.from(await variable.data());
  const put = (distance: number) => {
    const moved = values.map((value, i) => value + distance * direction[i]!);
    if (variable === undefined) network.sparse!.table.set(moved);
    else tf.tidy(() => variable.assign(tf.tensor(moved, variable.shape)));
  };
  const h = 3e-3;
  put(h);
  const above = loss();
  put(-h);
  const below = loss();
  put(0);
  return { expected: gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0), found: (above - below) / (2 * h) };
}

beforeAll(async () => {
  await openBackend("wasm");
});
afterAll(() => closeBackend());

describe.each(Object.keys(CONFIGS))("%s", (name) => {
  const config = CONFIGS[name]!;

  it("has the gradients of finite differences, dropout included", async () => {
    const random = new Random(1, name);
    const network = createNetwork(config, LABELS, freshTensors(config, LABELS.length, random));
    const { batch, targets } = randomBatch(6, 14, random);
    const dropout = () => new Random(7, "dropout");
    const loss = () => tf.tidy(() => batchLoss(network.logits(batch, null, dropout()), targets).dataSync()[0]!);
    const { gradients, rows, loss: value } = await lossAndGradients(network, batch, targets, dropout());
    expect(value).toBe(loss());

    const host = new Map<string, Float32Array>();
    for (const [key, gradient] of gradients) host.set(key, Float32Array.from(await gradient.data()));
    if (rows !== null) host.set(network.sparse!.name, wholeGradient(network, rows));
    for (const [key, gradient] of host) {
      // Exactly 0 but for rounding: it shifts all scores of a query alike.
      if (key.endsWith("self.key.bias")) continue;
      const { expected, found } = await slopes(network, key, gradient, random, loss);
      expect(Math.abs(found / expected - 1), `${key}: ${found}, not ${expected}`).toBeLessThan(0.03);
    }
    tf.dispose([...gradients.values()]);
    network.dispose();
  });

  it("learns sixteen rows by heart", async () => {
    const random = new Random(2, name);
    const network = createNetwork(config, LABELS, freshTensors(config, LABELS.length, random));
    const { batch, targets } = randomBatch(16, 14, random);
    const moments = [...network.variables].map(([key, variable]) => ({
      ...{ key, variable, m: tf.variable(tf.zerosLike(variable)), v: tf.variable(tf.zerosLike(variable)) },
    }));
    const lazy = network.sparse === null ? null : new LazyAdamw(network.sparse.table, network.sparse.width, ADAMW);
    const losses: number[] = [];
    for (let step = 1; step <= 40; step++) {
      const { loss, gradients, rows } = await lossAndGradients(network, batch, targets, null);
      losses.push(loss);
      for (const { key, variable, m, v } of moments) {
        adamwStep(variable, gradients.get(key)!, m, v, { ...ADAMW, learningRate: 0.01, step, clip: 1 });
      }
      if (rows !== null) lazy!.step(rows.ids, rows.gradient, 1, 0.01, step);
      tf.dispose([...gradients.values()]);
    }
    expect(losses[0]).toBeGreaterThan(0.4);
    expect(losses.at(-1)).toBeLessThan(0.05);
    tf.dispose(moments.flatMap(({ m, v }) => [m, v]));
    network.dispose();
  });
});
