// The operations with small inputs, and each written again in plain TensorFlow.js, whose automatic gradients are the reference. For the tests of
// every back end.
import { Random } from "#models/random";
import { attention, rotary } from "./attention.ts";
import { dropout, dropoutMask } from "./dropout.ts";
import { embedding, gelu, layerNorm, linear, maskedBinaryCrossEntropy } from "./ops.ts";
import { tf, type Tensor } from "./tf.ts";

export interface OpCase {
  name: string;
  /** Inputs that get a gradient. */
  shapes: number[][];
  run: (inputs: Tensor[]) => Tensor;
  plain: (inputs: Tensor[]) => Tensor;
}

const DROPPED = { rate: 0.4, seed: 11 };

/** Normal numbers of a stream of seed 5. */
export function normals(shape: readonly number[], stream: string, scale = 1): Tensor {
  const random = new Random(5, stream);
  const count = shape.reduce((product, n) => product * n, 1);
  const values = Float32Array.from(
    { length: count },
    () => scale * Math.sqrt(-2 * Math.log(1 - random.next())) * Math.cos(2 * Math.PI * random.next()),
  );
  return tf.tensor(values, [...shape]);
}

const linearCase = (rows: number[], inner: number, out: number): OpCase => ({
  name: `linear ${rows.join("×")}×${inner} → ${out}`,
  shapes: [[...rows, inner], [out, inner], [out]],
  run: ([x, weight, bias]) => linear(x!, weight!, bias!),
  plain: ([x, weight, bias]) =>
    tf
      .matMul(x!.reshape([-1, inner]), weight!, false, true)
      .add(bias!)
      .reshape([...rows, out]),
});

const layerNormCase = (rows: number[], width: number): OpCase => ({
  name: `layerNorm ${rows.join("×")}×${width}`,
  shapes: [[...rows, width], [width], [width]],
  run: ([x, gamma, beta]) => layerNorm(x!, gamma!, beta!, 1e-5),
  plain: ([x, gamma, beta]) => plainNorm(x!, 1e-5).mul(gamma!).add(beta!),
});

function plainNorm(x: Tensor, eps: number): Tensor {
  const { mean, variance } = tf.moments(x, -1, true);
  return x.sub(mean).div(variance.add(eps).sqrt());
}

function plainAttention(q: Tensor, k: Tensor, v: Tensor, mask: Tensor | null, scale: number, drop?: Tensor): Tensor {
  const scores = tf.matMul(q, k, false, true).mul(scale);
  const share = tf.softmax(mask === null ? scores : scores.add(mask));
  return tf.matMul(drop === undefined ? share : share.mul(drop), v);
}

/** Keys from `length` on are masked out, in each row of the batch another length. */
function paddingMask(batch: number, keys: number): Tensor {
  return tf.tensor(
    Float32Array.from({ length: batch * keys }, (_, i) => (i % keys > keys - 2 - Math.floor(i / keys) ? -1e9 : 0)),
    [batch, 1, 1, keys],
  );
}

const attentionCase = (shape: [number, number, number, number], mask: "none" | "padding" | "window"): OpCase => {
  const [batch, , length, width] = shape;
  const scale = 1 / Math.sqrt(width);
  const makeMask = (): Tensor | null => {
    if (mask === "none") return null;
    if (mask === "padding") return paddingMask(batch, length);
    const window = Float32Array.from({ length: length * length }, (_, i) =>
      Math.abs((i % length) - Math.floor(i / length)) > 2 ? -1e9 : 0,
    );
    return tf.tensor(window, [1, 1, length, length]);
  };
  return {
    name: `attention ${shape.join("×")}, mask: ${mask}`,
    shapes: [shape, shape, shape],
    run: ([q, k, v]) => attention(q!, k!, v!, makeMask(), scale),
    plain: ([q, k, v]) => plainAttention(q!, k!, v!, makeMask(), scale),
  };
};

/** Made on the host: WGSL lets a device's own sine be off by 2⁻¹¹. */
function angles(length: number, width: number): [Tensor, Tensor] {
  const turns = Array.from({ length: length * width }, (_, i) => Math.floor(i / width) / 10 ** (i % (width / 2)));
  return [tf.tensor(turns.map(Math.cos), [length, width]), tf.tensor(turns.map(Math.sin), [length, width])];
}

export const OP_CASES: readonly OpCase[] = [
  linearCase([5], 7, 3),
  linearCase([2, 9], 16, 24),
  linearCase([70], 300, 33),
  layerNormCase([3], 5),
  layerNormCase([2, 40], 64),
  {
    name: "layerNorm without beta",
    shapes: [[6, 12], [12]],
    run: ([x, gamma]) => layerNorm(x!, gamma!, null, 1e-5),
    plain: ([x, gamma]) => plainNorm(x!, 1e-5).mul(gamma!),
  },
  {
    name: "gelu exact",
    shapes: [[7, 13]],
    run: ([x]) => gelu(x!.mul(3), "exact"),
    plain: ([x]) =>
      x!
        .mul(3)
        .mul(0.5)
        .mul(
          x!
            .mul(3 * Math.SQRT1_2)
            .erf()
            .add(1),
        ),
  },
  {
    name: "gelu tanh",
    shapes: [[7, 13]],
    run: ([x]) => gelu(x!.mul(3), "tanh"),
    plain: ([y]) => {
      const x = y!.mul(3);
      return x.mul(0.5).mul(
        x
          .add(x.mul(x).mul(x).mul(0.044715))
          .mul(Math.sqrt(2 / Math.PI))
          .tanh()
          .add(1),
      );
    },
  },
  attentionCase([2, 2, 5, 4], "none"),
  attentionCase([2, 3, 7, 6], "padding"),
  attentionCase([1, 2, 33, 8], "window"),
  {
    name: "attention with dropout",
    shapes: [
      [2, 1, 6, 4],
      [2, 1, 6, 4],
      [2, 1, 6, 4],
    ],
    run: ([q, k, v]) => attention(q!, k!, v!, null, 0.5, { rate: DROPPED.rate, random: new Random(DROPPED.seed) }),
    plain: ([q, k, v]) => {
      const seed = new Random(DROPPED.seed).below(2 ** 32);
      return plainAttention(q!, k!, v!, null, 0.5, tf.tensor(dropoutMask(72, DROPPED.rate, seed), [2, 1, 6, 6]));
    },
  },
  {
    name: "rotary",
    shapes: [[2, 2, 5, 6]],
    run: ([x]) => rotary(x!, ...angles(5, 6)),
    plain: ([x]) => {
      const [cos, sin] = angles(5, 6);
      const [first, second] = tf.split(x!, 2, -1) as [Tensor, Tensor];
      return x!.mul(cos).add(tf.concat([second.neg(), first], -1).mul(sin));
    },
  },
  {
    name: "dropout",
    shapes: [[9, 11]],
    run: ([x]) => dropout(x!, DROPPED.rate, new Random(DROPPED.seed)),
    plain: ([x]) => x!.mul(tf.tensor(dropoutMask(99, DROPPED.rate, new Random(DROPPED.seed).below(2 ** 32)), [9, 11])),
  },
  {
    name: "embedding",
    shapes: [[10, 6]],
    run: ([table]) => embedding(table!, tf.tensor([3, 3, 0, 9, 3, 1], [2, 3], "int32")),
    plain: ([table]) => tf.matMul(tf.oneHot(tf.tensor([3, 3, 0, 9, 3, 1], [6], "int32"), 10).toFloat(), table!).reshape([2, 3, 6]),
  },
  {
    name: "maskedBinaryCrossEntropy",
    shapes: [[4, 3]],
    run: ([logits]) => maskedBinaryCrossEntropy(logits!.mul(4), ...targets()),
    plain: ([logits]) => {
      const [target, weight] = targets();
      const chance = logits!.mul(4).sigmoid();
      const loss = target
        .mul(chance.log())
        .add(tf.scalar(1).sub(target).mul(tf.scalar(1).sub(chance).log()))
        .neg();
      return loss.mul(weight).sum().div(weight.sum());
    },
  },
];

function targets(): [Tensor, Tensor] {
  const target = tf.tensor([0, 1, 0.3, 1, 0, 0.9, 0.5, 1, 0, 0, 0, 1], [4, 3]);
  return [target, tf.tensor([1, 0, 2, 0.5, 1, 1, 0, 0, 3, 1, 1, 0.1], [4, 3])];
}

/** Value and gradients of Σ weights·f(inputs), for fixed weights, on the active back end. */
export async function valueAndGradients(
  op: OpCase,
  f: (inputs: Tensor[]) => Tensor,
): Promise<{ value: Float32Array; gradients: Float32Array[] }> {
  const inputs = op.shapes.map((shape, i) => normals(shape, `${op.name} ${i}`, 0.7));
  const { value, grads } = tf.valueAndGrads((...tensors: Tensor[]) => {
    const out = f(tensors);
    return out.mul(normals(out.shape, `${op.name} weights`)).sum();
  })(inputs);
  value.dispose();
  const result = tf.tidy(() => f(inputs));
  const read = async (tensor: Tensor): Promise<Float32Array> => Float32Array.from((await tensor.data()) as Float32Array);
  const found = { value: await read(result), gradients: await Promise.all(grads.map(read)) };
  tf.dispose([result, ...grads, ...inputs]);
  return found;
}
