// The networks against the reference in Python, on WebAssembly (WebGPU: parity-webgpu.test.ts), and what holds whatever the reference: batches,
// padding, saving.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readSafetensors, writeSafetensors } from "#models/encoder/safetensors";
import { canonicalTensors, expectedTensors } from "#models/encoder/tensor-names";
import { closeBackend, openBackend } from "#train/tensor/backend";
import { tf } from "#train/tensor/tf";
import { createNetwork, exportTensors } from "./create-network.ts";
import type { EncoderBatch, EncoderNetwork } from "./network.ts";
import { logitsOf, parityErrors, relativeError } from "./parity-errors.ts";
import { CASES, type ParityFixture, readFixture } from "./parity-fixture.ts";

const BOUND = 1e-4;

function rowOf({ tokens, ids, mask }: EncoderBatch, row: number, length: number): EncoderBatch {
  const cut = <T extends Int32Array | Uint8Array>(from: T, into: T) => {
    into.set(from.subarray(row * tokens, row * tokens + Math.min(length, tokens)));
    return into;
  };
  return { rows: 1, tokens: length, ids: cut(ids, new Int32Array(length)), mask: cut(mask, new Uint8Array(length)) };
}

function lengthOf({ tokens, mask }: EncoderBatch, row: number): number {
  return mask.subarray(row * tokens, (row + 1) * tokens).reduce((sum, present) => sum + present, 0);
}

beforeAll(async () => {
  await openBackend("wasm");
});
afterAll(() => closeBackend());

describe.each(CASES)("%s", (name) => {
  let fixture: ParityFixture;
  let network: EncoderNetwork;

  beforeAll(async () => {
    fixture = await readFixture(name);
    network = createNetwork(fixture.config, fixture.labels, fixture.tensors);
  });
  afterAll(() => network.dispose());

  it("has the reference's tensors", () => {
    const { tensors, fresh, dropped } = canonicalTensors(fixture.config, fixture.tensors, name);
    expect([fresh, dropped]).toEqual([[], []]);
    expect([...tensors.keys()].sort()).toEqual([...expectedTensors(fixture.config, fixture.labels.length).keys()].sort());
    expect([...fixture.gradients.keys()].sort()).toEqual([...tensors.keys()].sort());
  });

  it("has the reference's logits, loss and every gradient, and takes its step of AdamW", async () => {
    const errors = await parityErrors(fixture);
    expect(errors.size).toBe(2 + 2 * fixture.tensors.size);
    expect([...errors].filter(([, error]) => !(error < BOUND))).toEqual([]);
  });

  it("scores a row alone, and with more padding, as it does in the batch", async () => {
    const labels = fixture.labels.length;
    for (let row = 0; row < fixture.batch.rows; row++) {
      const expected = fixture.logits.slice(row * labels, (row + 1) * labels);
      const length = lengthOf(fixture.batch, row);
      expect(relativeError(await logitsOf(network, rowOf(fixture.batch, row, length)), expected), `row ${row}`).toBeLessThan(BOUND);
      expect(relativeError(await logitsOf(network, rowOf(fixture.batch, row, 40)), expected), `row ${row}`).toBeLessThan(BOUND);
    }
  });

  it("gives a row without tokens finite logits", async () => {
    const nothing = { rows: 2, tokens: 8, ids: new Int32Array(16), mask: new Uint8Array(16).fill(1, 8) };
    expect((await logitsOf(network, nothing)).every((value) => Number.isFinite(value))).toBe(true);
  });

  it("comes back from its saved tensors with the same bytes, and leaves no tensor behind", async () => {
    const before = tf.memory().numTensors;
    const path = join(mkdtempSync(join(tmpdir(), "cordon-parity-")), "model.safetensors");
    await writeSafetensors(path, await exportTensors(network));
    const again = createNetwork(fixture.config, fixture.labels, await readSafetensors(path));
    rmSync(dirname(path), { recursive: true });
    expect(await logitsOf(again, fixture.batch)).toEqual(await logitsOf(network, fixture.batch));
    again.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

it("refuses a row that has more tokens than the network has positions", async () => {
  const { config, labels, tensors } = await readFixture("bert-cls");
  const network = createNetwork(config, labels, tensors);
  const batch = { rows: 1, tokens: 25, ids: new Int32Array(25), mask: new Uint8Array(25).fill(1) };
  expect(() => network.logits(batch, null, null)).toThrow("at most 24 tokens");
  network.dispose();
});
