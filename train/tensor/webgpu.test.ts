// Everything of ops.test.ts, adamw.test.ts and kernels/wasm.test.ts on a graphics device, against the pure JavaScript back end. The same command
// runs on a machine with a GPU: npx vitest run --project fast train/tensor/webgpu.test.ts
import { afterAll, describe, expect, test } from "vitest";
import { expected, trained } from "./adamw-cases.ts";
import { closeBackend } from "./backend.ts";
import { distance } from "./close-to.ts";
import { watchDevice } from "./device-errors.ts";
import { KERNELS } from "./kernel.ts";
import { KERNEL_CASES } from "./kernels/kernel-cases.ts";
import { OP_CASES, valueAndGradients } from "./op-cases.ts";
import { openTestGpu } from "./test-gpu.ts";
import { tf, type Tensor } from "./tf.ts";

// WGSL allows exp 3 + 2|x| ulp and a division 2.5 ulp.
const CLOSE = 5e-5;

const backend = await openTestGpu();
const deviceError = backend === null ? () => null : watchDevice();

describe.skipIf(backend === null)(`WebGPU on ${backend?.device}`, () => {
  afterAll(() => closeBackend());

  test("all of Cordon's kernels but the plain gather are registered", () => {
    expect(Object.keys(KERNELS).filter((name) => tf.getKernel(name, "webgpu") === undefined)).toEqual(["CordonEmbedding"]);
  });

  test.each(OP_CASES)("$name: value and gradients, twice the same bytes", async (op) => {
    await tf.setBackend("cpu");
    const reference = await valueAndGradients(op, op.run);
    await tf.setBackend("webgpu");
    const own = await valueAndGradients(op, op.run);
    expect(distance(own.value, reference.value)).toBeLessThan(CLOSE);
    own.gradients.forEach((gradient, i) => expect(distance(gradient, reference.gradients[i]!)).toBeLessThan(CLOSE));
    expect(await valueAndGradients(op, op.run)).toEqual(own);
    expect(deviceError()).toBeNull();
  });

  test.each(KERNEL_CASES)("$name", async ({ run }) => {
    const on = async (name: string): Promise<Float32Array> => {
      await tf.setBackend(name);
      const result: Tensor = tf.tidy(run);
      const values = Float32Array.from((await result.data()) as Float32Array);
      result.dispose();
      return values;
    };
    expect(distance(await on("webgpu"), await on("cpu"))).toBeLessThan(CLOSE);
    expect(deviceError()).toBeNull();
  });

  test("three clipped steps of AdamW, and a clone of a weight stays", async () => {
    await tf.setBackend("webgpu");
    const own = await trained();
    const reference = await expected();
    own.weights.forEach((weights, i) => expect(distance(weights, reference.weights[i]!)).toBeLessThan(1e-6));
    expect(own.before).toEqual(reference.before);
    expect(deviceError()).toBeNull();
  });
});
