// The kernels put in place of tfjs-backend-wasm's own, against the pure JavaScript back end; and what the module does with odd values and memory.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { closeBackend, openBackend } from "#train/tensor/backend";
import { distance } from "#train/tensor/close-to";
import { KERNELS } from "#train/tensor/kernel";
import { attention } from "#train/tensor/attention";
import { gelu, layerNorm } from "#train/tensor/ops";
import { normals } from "#train/tensor/op-cases";
import { tf, type Tensor } from "#train/tensor/tf";
import { KERNEL_CASES } from "./kernel-cases.ts";

beforeAll(async () => {
  await openBackend("wasm");
});

afterAll(() => closeBackend());

const on = async (backend: string, run: () => Tensor): Promise<Float32Array> => {
  await tf.setBackend(backend);
  return tf.tidy(() => run().dataSync().slice()) as Float32Array;
};

test("all of Cordon's kernels are registered", () => {
  expect(Object.keys(KERNELS).filter((name) => tf.getKernel(name, "wasm") === undefined)).toEqual([]);
});

test.each(KERNEL_CASES)("$name", async ({ run }) => {
  // float32 sums in another order, of up to 1,100 products.
  expect(distance(await on("wasm", run), await on("cpu", run))).toBeLessThan(2e-5);
});

describe("odd values", () => {
  test("NaN stays NaN: a run that diverges must show", async () => {
    const x = (): Tensor => tf.tensor([NaN, 1, 2, 3, 4, 5], [1, 1, 1, 6]);
    expect((await on("wasm", () => gelu(x(), "exact")))[0]).toBeNaN();
    expect((await on("wasm", () => gelu(x(), "tanh")))[0]).toBeNaN();
    expect((await on("wasm", () => layerNorm(x(), tf.ones([6]), null, 1e-5)))[3]).toBeNaN();
    expect((await on("wasm", () => attention(x(), tf.ones([1, 1, 1, 6]), tf.ones([1, 1, 1, 6]), null, 1)))[0]).toBeNaN();
  });

  test.each(["exact", "tanh"] as const)("gelu %s is 0 and x far from 0", async (form) => {
    const values = await on("wasm", () => gelu(tf.tensor([-1e30, -200, -12, 12, 200, 1e30]), form));
    expect(distance(values, [0, 0, 0, 12, 200, 1e30])).toBeLessThan(1e-7);
  });

  test("softmax of large scores and of a row with one key left", async () => {
    const mask = (): Tensor => tf.tensor([0, -1e9, -1e9], [1, 1, 1, 3]);
    const share = await on("wasm", () =>
      attention(normals([1, 1, 3, 3], "q", 300), normals([1, 1, 3, 3], "k", 300), tf.eye(3).reshape([1, 1, 3, 3]), mask(), 1),
    );
    expect([...share]).toEqual([1, 0, 0, 1, 0, 0, 1, 0, 0]);
  });
});
