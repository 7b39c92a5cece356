// One step of AdamW (Loshchilov and Hutter 2019, arXiv:1711.05101), in PyTorch's form: the decay is taken off the weights before the step and
// scaled by the learning rate, and the corrections of the moments' bias are outside the root.
import { hasKernel, runKernel } from "./kernel.ts";
import { tf, type Tensor, type Variable } from "./tf.ts";

export interface AdamwOptions {
  learningRate: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Decoupled: each step takes learningRate·weightDecay of the weight off. */
  weightDecay: number;
  /** Number of this step, from 1. */
  step: number;
  /** What the gradient is multiplied by: a number, or a scalar tensor (`clipFactor`), which needs no read from the device. */
  clip: number | Tensor;
}

/** Changes `variable` and its moments `m` and `v` (all of one shape); clones of them stay as they are. */
export function adamwStep(variable: Variable, gradient: Tensor, m: Variable, v: Variable, options: AdamwOptions): void {
  const { learningRate, beta1, beta2, epsilon, weightDecay, step } = options;
  const stepSize = learningRate / (1 - beta1 ** step);
  const root = Math.sqrt(1 - beta2 ** step);
  const kept = 1 - learningRate * weightDecay;
  tf.tidy(() => {
    const clip = typeof options.clip === "number" ? tf.scalar(options.clip) : options.clip;
    if (hasKernel("CordonAdamw")) {
      for (const changed of [variable, m, v]) unshare(changed);
      runKernel("CordonAdamw", { variable, gradient, m, v, clip }, { beta1, beta2, epsilon, stepSize, root, kept });
      return;
    }
    const scaled = gradient.mul(clip);
    m.assign(m.mul(beta1).add(scaled.mul(1 - beta1)));
    v.assign(v.mul(beta2).add(scaled.square().mul(1 - beta2)));
    variable.assign(variable.mul(kept).sub(m.div(v.sqrt().div(root).add(epsilon)).mul(stepSize)));
  });
}

/** Gives a variable values of its own: a clone, and what it was made from, must not change with it. */
function unshare(variable: Variable): void {
  if (tf.backend().refCount(variable.dataId) > 1) variable.assign(variable.mul(1));
}

/** √(Σ of all squares of all tensors), a scalar. */
export function globalNorm(tensors: readonly Tensor[]): Tensor {
  return tf.tidy(() => {
    const sums = tensors.map((x) => (hasKernel("CordonSquareSum") ? runKernel("CordonSquareSum", { x })[0]! : x.square().sum()));
    return tf.stack(sums).sum().sqrt();
  });
}

/** min(1, bound / (norm + 1e-6)), as torch.nn.utils.clip_grad_norm_ has it, a scalar for `adamwStep`. */
export function clipFactor(norm: Tensor, bound: number): Tensor {
  return tf.tidy(() => tf.minimum(tf.scalar(bound).div(norm.add(1e-6)), 1));
}
