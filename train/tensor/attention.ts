// Scaled dot-product attention (Vaswani et al. 2017, arXiv:1706.03762) and rotary positions (Su et al. 2021, arXiv:2104.09864), with gradients
// written by hand. Only the probabilities are kept for the way back, not scores, scaled scores and masked scores as automatic gradients would.
import type { Random } from "#models/random";
import { dropoutMasked } from "./dropout.ts";
import { withGradient } from "./gradient.ts";
import { hasKernel, runKernel } from "./kernel.ts";
import { tf, type Tensor } from "./tf.ts";

/**
 * softmax(scale·q·kᵀ + mask)·v. `q`, `k`, `v` (N, H, T, D); `mask` is added to the scores, 0 or a large negative number (−1e9, never −∞: a row
 * without any key would be NaN), of shape (N|1, H|1, T|1, T). With `dropout`, probabilities are dropped at its rate while training.
 */
export function attention(
  q: Tensor,
  k: Tensor,
  v: Tensor,
  mask: Tensor | null,
  scale: number,
  dropout?: { rate: number; random: Random },
): Tensor {
  const drop = dropout === undefined || dropout.rate === 0 ? null : { rate: dropout.rate, seed: dropout.random.below(2 ** 32) };
  const thin = (x: Tensor): Tensor => (drop === null ? x : dropoutMasked(x, drop.rate, drop.seed));
  return withGradient([q, k, v], ([q, k, v], save) => {
    const probabilities = softmax(tf.matMul(q!, k!, false, true), mask, scale);
    save([q!, k!, v!, probabilities]);
    return {
      value: tf.matMul(thin(probabilities), v!),
      gradFunc: (dy, [q, k, v, probabilities]) => {
        const dv = tf.matMul(thin(probabilities!), dy, true, false);
        const dscores = softmaxGradient(thin(tf.matMul(dy, v!, false, true)), probabilities!, scale);
        return [tf.matMul(dscores, k!), tf.matMul(dscores, q!, true, false), dv];
      },
    };
  });
}

function softmax(scores: Tensor, mask: Tensor | null, scale: number): Tensor {
  if (hasKernel("CordonSoftmax")) return runKernel("CordonSoftmax", { scores, mask }, { scale })[0]!;
  const scaled = scores.mul(scale);
  return tf.softmax(mask === null ? scaled : scaled.add(mask));
}

function softmaxGradient(dy: Tensor, y: Tensor, scale: number): Tensor {
  if (hasKernel("CordonSoftmaxGrad")) return runKernel("CordonSoftmaxGrad", { dy, y }, { scale })[0]!;
  const weighted = dy.mul(y);
  return weighted.sub(y.mul(weighted.sum(-1, true))).mul(scale);
}

/**
 * Turns each pair (i, i + D/2) of the last axis by its position's angle: x·cos + (−x₂, x₁)·sin. `x` (N, H, T, D); `cos` and `sin` (T, D), both
 * halves alike. The angles get no gradient.
 */
export function rotary(x: Tensor, cos: Tensor, sin: Tensor): Tensor {
  return withGradient([x], ([x], save) => {
    save([cos, sin]);
    return { value: rotate(x!, cos, sin, 1), gradFunc: (dy, [cos, sin]) => [rotate(dy, cos!, sin!, -1)] };
  });
}

function rotate(x: Tensor, cos: Tensor, sin: Tensor, sign: 1 | -1): Tensor {
  if (hasKernel("CordonRotary")) return runKernel("CordonRotary", { x, cos, sin }, { sign })[0]!;
  const [first, second] = tf.split(x, 2, -1) as [Tensor, Tensor];
  return x.mul(cos).add(tf.concat([second.neg(), first], -1).mul(sin.mul(sign)));
}
