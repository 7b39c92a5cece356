// What is trained is what is exported: the networks in TensorFlow.js and their graphs in onnxruntime give the same logits, on other weights
// and texts than the reference's.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EncoderConfig } from "#models/encoder/config";
import { encoderOnnx } from "#models/encoder/onnx/encoder-onnx";
import { SyncSession } from "#models/encoder/session";
import { expectedTensors } from "#models/encoder/tensor-names";
import { elements, type Tensors } from "#models/encoder/tensors";
import { Random } from "#models/random";
import { closeBackend, openBackend } from "#train/tensor/backend";
import { createNetwork, exportTensors } from "./create-network.ts";
import type { EncoderBatch } from "./network.ts";
import { logitsOf, relativeError } from "./parity-errors.ts";
import { CASES, readFixture } from "./parity-fixture.ts";

const BOUND = 1e-4;
const LABELS = ["one", "two", "three"];
/** Of the rows; the first-token models have special tokens in each, and only the network of words meets a row without any. */
const LENGTHS = [1, 9, 2, 16, 5];
const EMPTY_LENGTHS = [1, 9, 0, 16, 5];
const TOKENS = 16;

function randomTensors(config: EncoderConfig, random: Random): Tensors {
  return new Map(
    [...expectedTensors(config, LABELS.length)].map(([name, shape]) => [
      name,
      { shape, data: Float32Array.from({ length: elements(shape) }, () => random.next() - 0.5 + (/norm\.weight$/i.test(name) ? 1 : 0)) },
    ]),
  );
}

function randomBatch({ vocab_size, model_type }: EncoderConfig, random: Random): EncoderBatch {
  const lengths = model_type === "cordon-pooled" ? EMPTY_LENGTHS : LENGTHS;
  const ids = new Int32Array(lengths.length * TOKENS);
  const mask = new Uint8Array(ids.length);
  lengths.forEach((length, row) => {
    for (let t = row * TOKENS; t < row * TOKENS + length; t++) {
      ids[t] = 1 + random.below(vocab_size - 1);
      mask[t] = 1;
    }
  });
  return { rows: lengths.length, tokens: TOKENS, ids, mask };
}

function graphLogits(graph: Uint8Array, { rows, tokens, ids, mask }: EncoderBatch): Float32Array {
  const session = SyncSession.open(graph, { threads: 1 });
  const input = (values: ArrayLike<number>) => session.int64(BigInt64Array.from(Array.from(values, BigInt)), [rows, tokens]);
  const logits = (session.run({ input_ids: input(ids), attention_mask: input(mask) }).logits!.data as Float32Array).slice();
  session.close();
  return logits;
}

beforeAll(async () => {
  await openBackend("wasm");
});
afterAll(() => closeBackend());

describe.each(CASES)("%s", (name) => {
  it("TensorFlow.js = ONNX", async () => {
    const { config } = await readFixture(name);
    const random = new Random(7, name);
    const network = createNetwork(config, LABELS, randomTensors(config, random));
    const batch = randomBatch(config, random);
    const trained = await logitsOf(network, batch);
    const tensors = await exportTensors(network);
    for (const form of ["fused", "plain"] as const) {
      expect(relativeError(graphLogits(encoderOnnx(config, tensors, LABELS, { precision: "fp32", form }), batch), trained)).toBeLessThan(
        BOUND,
      );
    }
    network.dispose();
  });
});
