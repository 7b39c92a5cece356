// The operations in plain compositions (pure JavaScript back end) against automatic gradients and finite differences, then WebAssembly's kernels
// against those compositions. webgpu.test.ts does the same on a graphics device.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { closeBackend, openBackend } from "./backend.ts";
import { distance } from "./close-to.ts";
import { normals, OP_CASES, valueAndGradients } from "./op-cases.ts";
import { tf } from "./tf.ts";

// float32 sums in another order, and an error function good to 1.5e-7.
const SAME = 2e-6;
const OTHER_ORDER = 2e-5;
// Central differences of a float32 sum: the step's own error and the rounding's meet near here.
const DIFFERENCES = 2e-2;

beforeAll(async () => {
  await openBackend("wasm");
});

afterAll(() => closeBackend());

describe.each(OP_CASES)("$name", (op) => {
  test("the composition is the plain formula, and so is its gradient", async () => {
    await tf.setBackend("cpu");
    const [own, plain] = [await valueAndGradients(op, op.run), await valueAndGradients(op, op.plain)];
    expect(distance(own.value, plain.value)).toBeLessThan(SAME);
    own.gradients.forEach((gradient, i) => expect(distance(gradient, plain.gradients[i]!)).toBeLessThan(OTHER_ORDER));
  });

  test("the gradient is that of finite differences", async () => {
    await tf.setBackend("cpu");
    const { gradients } = await valueAndGradients(op, op.run);
    const inputs = op.shapes.map((shape, i) => normals(shape, `${op.name} ${i}`, 0.7).dataSync().slice());
    const sum = (): number =>
      tf.tidy(() => {
        const out = op.run(inputs.map((values, i) => tf.tensor(values, op.shapes[i])));
        return out
          .mul(normals(out.shape, `${op.name} weights`))
          .sum()
          .dataSync()[0]!;
      });
    for (const [i, values] of inputs.entries()) {
      for (const at of new Set([0, Math.floor(values.length / 2), values.length - 1])) {
        const [kept, step] = [values[at]!, 1e-2];
        values[at] = kept + step;
        const above = sum();
        values[at] = kept - step;
        const below = sum();
        values[at] = kept;
        expect(distance([(above - below) / (2 * step)], [gradients[i]![at]!])).toBeLessThan(DIFFERENCES);
      }
    }
  });

  test("WebAssembly's kernels give the same", async () => {
    await tf.setBackend("cpu");
    const reference = await valueAndGradients(op, op.run);
    await tf.setBackend("wasm");
    const own = await valueAndGradients(op, op.run);
    expect(distance(own.value, reference.value)).toBeLessThan(OTHER_ORDER);
    own.gradients.forEach((gradient, i) => expect(distance(gradient, reference.gradients[i]!)).toBeLessThan(OTHER_ORDER));
  });

  test("twice gives the same bytes, and nothing is left in memory", async () => {
    await tf.setBackend("wasm");
    const first = await valueAndGradients(op, op.run);
    const { numTensors } = tf.memory();
    expect(await valueAndGradients(op, op.run)).toEqual(first);
    expect(tf.memory().numTensors).toBe(numTensors);
  });
});
