// How far a network on the open back end is from the reference in Python, as relative errors: largest difference over largest value.
import { LazyAdamw } from "#train/encoder/lazy-adamw";
import { lossAndGradients } from "#train/encoder/loss";
import { adamwStep } from "#train/tensor/adamw";
import { tf } from "#train/tensor/tf";
import { createNetwork, exportTensors } from "./create-network.ts";
import type { EncoderBatch, EncoderNetwork } from "./network.ts";
import { type ParityFixture, readAdamw } from "./parity-fixture.ts";

/** By what is compared: "logits", "loss", "gradient NAME", "step NAME" (tensors after one step of AdamW). */
export async function parityErrors(fixture: ParityFixture): Promise<Map<string, number>> {
  const { targets, batch, gradients } = fixture;
  const network = createNetwork(fixture.config, fixture.labels, fixture.tensors);
  const errors = new Map<string, number>([["logits", relativeError(await logitsOf(network, batch), fixture.logits)]]);
  const weight = new Float32Array(targets.length).fill(1);
  const made = await lossAndGradients(network, batch, { target: targets, weight }, null);
  errors.set("loss", Math.abs(made.loss / fixture.loss - 1));

  const found = new Map<string, Float32Array>();
  for (const [name, gradient] of made.gradients) found.set(name, Float32Array.from(await gradient.data()));
  if (made.rows !== null) found.set(network.sparse!.name, wholeGradient(network, made.rows));
  for (const [name, { data }] of gradients) {
    // The same number added to all scores of a query changes nothing: a key's bias has no gradient but rounding, so it is measured by
    // the query's.
    const scale = largest(gradients.get(name.replace("self.key.bias", "self.query.bias"))!.data);
    errors.set(`gradient ${name}`, relativeError(found.get(name), data, scale));
  }

  const { lr, betas, eps, weight_decay } = readAdamw();
  const hyper = { beta1: betas[0], beta2: betas[1], epsilon: eps };
  for (const [name, variable] of network.variables) {
    const [m, v] = [tf.variable(tf.zerosLike(variable)), tf.variable(tf.zerosLike(variable))];
    const weightDecay = network.decays(name) ? weight_decay : 0;
    adamwStep(variable, made.gradients.get(name)!, m, v, { ...hyper, learningRate: lr, weightDecay, step: 1, clip: 1 });
    tf.dispose([m, v]);
  }
  if (made.rows !== null) {
    const { table, width } = network.sparse!;
    new LazyAdamw(table, width, { ...hyper, weightDecay: weight_decay }).step(made.rows.ids, made.rows.gradient, 1, lr, 1);
  }
  const after = await exportTensors(network);
  const { sparse } = network;
  const touched = new Set(made.rows?.ids);
  // Rows that the batch did not touch decay in PyTorch and rest here.
  const kept = (name: string, data: Float32Array) =>
    name === sparse?.name ? data.filter((_, i) => touched.has(Math.floor(i / sparse.width))) : data;
  for (const [name, { data }] of fixture.stepped) {
    errors.set(`step ${name}`, relativeError(kept(name, after.get(name)!.data), kept(name, data)));
  }
  tf.dispose([...made.gradients.values()]);
  network.dispose();
  return errors;
}

export async function logitsOf(network: EncoderNetwork, batch: EncoderBatch): Promise<Float32Array> {
  const logits = network.logits(batch, null, null);
  const values = Float32Array.from(await logits.data());
  logits.dispose();
  return values;
}

/** Infinity where a value is no number, or the arrays are not of one length. */
export function relativeError(found: Float32Array | undefined, expected: Float32Array, scale = largest(expected)): number {
  if (found?.length !== expected.length) return Infinity;
  let error = 0;
  for (let i = 0; i < found.length; i++) {
    const difference = Math.abs(found[i]! - expected[i]!);
    error = Math.max(error, Number.isNaN(difference) ? Infinity : difference);
  }
  return error / (scale || 1);
}

/** (V, width) of the sparse table from the gradient of its touched rows. */
export function wholeGradient({ sparse }: EncoderNetwork, rows: { ids: Int32Array; gradient: Float32Array }): Float32Array {
  const { table, width } = sparse!;
  const whole = new Float32Array(table.length);
  rows.ids.forEach((id, u) => whole.set(rows.gradient.subarray(u * width, (u + 1) * width), id * width));
  return whole;
}

function largest(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
