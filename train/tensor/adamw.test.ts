import { afterAll, beforeAll, expect, test } from "vitest";
import { expected, trained } from "./adamw-cases.ts";
import { closeBackend, openBackend } from "./backend.ts";
import { distance } from "./close-to.ts";
import { tf } from "./tf.ts";

beforeAll(async () => {
  await openBackend("wasm");
});

afterAll(() => closeBackend());

test.each(["cpu", "wasm"])("three clipped steps are torch.optim.AdamW's, and a clone of a weight stays (%s)", async (name) => {
  await tf.setBackend(name);
  const { numTensors } = tf.memory();
  const [own, reference] = [await trained(), await expected()];
  own.weights.forEach((weights, i) => expect(distance(weights, reference.weights[i]!)).toBeLessThan(1e-6));
  expect(own.before).toEqual(reference.before);
  expect(own.norm).toBeCloseTo(reference.norm, 4);
  expect(tf.memory().numTensors).toBe(numTensors);
});
