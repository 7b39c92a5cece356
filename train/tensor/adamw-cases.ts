// A few steps of AdamW on the active back end, and the same in double precision by the formula's own words. For the tests of every back end.
import { adamwStep, clipFactor, globalNorm } from "./adamw.ts";
import { normals } from "./op-cases.ts";
import { tf, type Tensor } from "./tf.ts";

const HYPER = { learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.1 };
export const SHAPES = [[7, 5], [3], [16]];
export const STEPS = 3;
const BOUND = 1.5;

const read = async (tensor: Tensor): Promise<Float32Array> => Float32Array.from((await tensor.data()) as Float32Array);
const readOnce = async (tensor: Tensor): Promise<Float32Array> => {
  const values = await read(tensor);
  tensor.dispose();
  return values;
};

/** Weights after STEPS steps, clipped by the norm of all gradients; and that norm at the last step. */
export async function trained(): Promise<{ weights: Float32Array[]; norm: number; before: Float32Array[] }> {
  const variables = SHAPES.map((shape, i) => tf.tidy(() => tf.variable(normals(shape, `weight ${i}`))));
  const clones = variables.map((variable) => variable.clone());
  const zeros = (shape: number[]) => tf.tidy(() => tf.variable(tf.zeros(shape)));
  const moments = SHAPES.map((shape) => [zeros(shape), zeros(shape)] as const);
  let last = 0;
  for (let step = 1; step <= STEPS; step++) {
    const gradients = SHAPES.map((shape, i) => normals(shape, `gradient ${i} ${step}`));
    const norm = globalNorm(gradients);
    const clip = clipFactor(norm, BOUND);
    variables.forEach((variable, i) => adamwStep(variable, gradients[i]!, ...moments[i]!, { ...HYPER, step, clip }));
    last = (await read(norm))[0]!;
    tf.dispose([norm, clip, ...gradients]);
  }
  const weights = await Promise.all(variables.map(read));
  const before = await Promise.all(clones.map(read));
  tf.dispose([...variables, ...clones, ...moments.flat()]);
  return { weights, norm: last, before };
}

/** The same by torch.optim.AdamW's documentation. */
export async function expected(): Promise<{ weights: number[][]; norm: number; before: Float32Array[] }> {
  const start = await Promise.all(SHAPES.map((shape, i) => readOnce(normals(shape, `weight ${i}`))));
  const weights = start.map((values) => [...values]);
  const [m, v] = [0, 1].map(() => weights.map((values) => values.map(() => 0))) as [number[][], number[][]];
  let norm = 0;
  const { learningRate, beta1, beta2, epsilon, weightDecay } = HYPER;
  for (let step = 1; step <= STEPS; step++) {
    const gradients = await Promise.all(SHAPES.map((shape, i) => readOnce(normals(shape, `gradient ${i} ${step}`))));
    norm = Math.sqrt(gradients.flatMap((values) => [...values]).reduce((sum, g) => sum + g * g, 0));
    const clip = Math.min(1, BOUND / (norm + 1e-6));
    gradients.forEach((values, i) =>
      values.forEach((raw, at) => {
        const g = raw * clip;
        m[i]![at] = beta1 * m[i]![at]! + (1 - beta1) * g;
        v[i]![at] = beta2 * v[i]![at]! + (1 - beta2) * g * g;
        const [first, second] = [m[i]![at]! / (1 - beta1 ** step), v[i]![at]! / (1 - beta2 ** step)];
        weights[i]![at]! *= 1 - learningRate * weightDecay;
        weights[i]![at]! -= (learningRate * first) / (Math.sqrt(second) + epsilon);
      }),
    );
  }
  return { weights, norm, before: start };
}
