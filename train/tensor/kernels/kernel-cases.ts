// Kernels of TensorFlow.js that Cordon puts in place of a back end's own, with shapes that meet each of their ways. For the tests of every back end.
import { normals } from "#train/tensor/op-cases";
import { tf, type Tensor } from "#train/tensor/tf";

export interface KernelCase {
  name: string;
  run: () => Tensor;
}

/** m, n, k and the batches of A and B: whole and partial tiles, an inner side over one block, one row, one column, broadcasting. */
const PRODUCTS: [number, number, number, number[], number[]][] = [
  [1, 1, 1, [], []],
  [6, 8, 4, [], []],
  [7, 9, 5, [3], [3]],
  [33, 65, 17, [], []],
  [13, 1, 300, [], []],
  [125, 30, 7, [], []],
  [5, 6, 1100, [], []],
  [3, 4, 8, [2, 3], [2, 3]],
  [5, 4, 3, [4], [1]],
];

export const KERNEL_CASES: KernelCase[] = [
  ...PRODUCTS.flatMap(([m, n, k, outerA, outerB]) =>
    [false, true].flatMap((transposeA) =>
      [false, true].map((transposeB) => ({
        name: `matMul ${m}×${k}·${k}×${n} of ${outerA.join("×") || 1} and ${outerB.join("×") || 1}${transposeA ? ", A turned" : ""}${transposeB ? ", B turned" : ""}`,
        run: () => {
          const a = normals([...outerA, ...(transposeA ? [k, m] : [m, k])], "a", 0.5);
          const b = normals([...outerB, ...(transposeB ? [n, k] : [k, n])], "b", 0.5);
          return tf.matMul(a, b, transposeA, transposeB);
        },
      })),
    ),
  ),
  {
    name: "unsortedSegmentSum, with an id twice, one that is left out and a row that is never met",
    run: () => tf.unsortedSegmentSum(normals([5, 3], "x"), tf.tensor1d([2, 0, 2, 3, -1], "int32"), 5),
  },
  {
    name: "the gradient of gather",
    run: () =>
      tf.grad((x) =>
        tf
          .gather(x, tf.tensor1d([1, 1, 3], "int32"))
          .square()
          .sum(),
      )(normals([4, 3], "x")),
  },
  { name: "identity", run: () => normals([3, 2], "x").clone() },
];
