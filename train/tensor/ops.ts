// The operations of transformers with gradients written by hand, right on every back end: a back end's fused kernel (kernel.ts) runs where
// there is one, else the composition of TensorFlow.js operations below, which the kernels are tested against.
//
//   linear(x (…,in), weight (out,in), bias (out) | null)                  → (…,out)                     here
//   layerNorm(x (…,d), gamma (d), beta (d) | null, eps)                   → (…,d)                       here
//   gelu(x, "exact" | "tanh")                                             → as x                        here
//   embedding(table (V,d), ids int32 (…))                                 → (…,d)                       here
//   maskedBinaryCrossEntropy(logits, targets, weights, all (N,L))         → scalar Σ w·bce / Σ w        here
//   attention(q, k, v (N,H,T,D), mask | null, scale, dropout?)            → (N,H,T,D)                   attention.ts
//   rotary(x (N,H,T,D), cos (T,D), sin (T,D))                             → as x                        attention.ts
//   dropout(x, rate, random)                                              → as x                        dropout.ts
//   globalNorm(tensors) → scalar; adamwStep(variable, gradient, m, v, …)  → nothing, in place           adamw.ts
import { withGradient } from "./gradient.ts";
import { hasKernel, runKernel } from "./kernel.ts";
import { tf, type Tensor } from "./tf.ts";

export type GeluForm = "exact" | "tanh";

/** x·weightᵀ + bias. `x` (…, in), `weight` (out, in) as PyTorch's Linear has it, `bias` (out) → (…, out). */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  const [out, inner] = weight.shape as [number, number];
  if (x.shape.at(-1) !== inner) throw new Error(`linear: x must end in ${inner}, got ${x.shape.join("×")}`);
  return withGradient(bias === null ? [x, weight] : [x, weight, bias], ([x, weight, bias], save) => {
    save([x!, weight!]);
    const value = linearForward(x!.reshape([-1, inner]), weight!, bias ?? null).reshape([...x!.shape.slice(0, -1), out]);
    return {
      value,
      gradFunc: (dy, [x, weight]) => {
        const dyRows = dy.reshape([-1, out]);
        const dx = tf.matMul(dyRows, weight!).reshape(x!.shape);
        const dweight = tf.matMul(dyRows, x!.reshape([-1, inner]), true, false);
        return bias === undefined ? [dx, dweight] : [dx, dweight, columnSum(dyRows)];
      },
    };
  });
}

function linearForward(x: Tensor, weight: Tensor, bias: Tensor | null): Tensor {
  if (hasKernel("CordonLinear")) return runKernel("CordonLinear", { x, weight, bias })[0]!;
  const product = tf.matMul(x, weight, false, true);
  return bias === null ? product : product.add(bias);
}

function columnSum(x: Tensor): Tensor {
  return hasKernel("CordonColumnSum") ? runKernel("CordonColumnSum", { x })[0]! : x.sum(0);
}

/** (x − mean) / √(variance + eps) · gamma + beta over the last axis. `x` (…, d), `gamma` and `beta` (d). */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor | null, eps: number): Tensor {
  const width = gamma.size;
  return withGradient(beta === null ? [x, gamma] : [x, gamma, beta], ([x, gamma, beta], save) => {
    const [y, mean, scale] = layerNormForward(x!.reshape([-1, width]), gamma!, beta ?? null, eps);
    save([x!, gamma!, mean!, scale!]);
    return {
      value: y!.reshape(x!.shape),
      gradFunc: (dy, [x, gamma, mean, scale]) => {
        const [dx, dgamma, dbeta] = layerNormBackward(dy.reshape([-1, width]), x!.reshape([-1, width]), gamma!, mean!, scale!);
        return [dx!.reshape(x!.shape), dgamma!, ...(beta === undefined ? [] : [dbeta!])];
      },
    };
  });
}

function layerNormForward(x: Tensor, gamma: Tensor, beta: Tensor | null, eps: number): Tensor[] {
  if (hasKernel("CordonLayerNorm")) return runKernel("CordonLayerNorm", { x, gamma, beta }, { eps });
  const mean = x.mean(1, true);
  const centred = x.sub(mean);
  const scale = centred.square().mean(1, true).add(eps).rsqrt();
  const scaled = centred.mul(scale).mul(gamma);
  return [beta === null ? scaled : scaled.add(beta), mean.reshape([-1]), scale.reshape([-1])];
}

function layerNormBackward(dy: Tensor, x: Tensor, gamma: Tensor, mean: Tensor, scale: Tensor): Tensor[] {
  if (hasKernel("CordonLayerNormGrad")) return runKernel("CordonLayerNormGrad", { dy, x, gamma, mean, scale });
  const column = scale.expandDims(1);
  const normal = x.sub(mean.expandDims(1)).mul(column);
  const scaled = dy.mul(gamma);
  const along = scaled.mul(normal).mean(1, true);
  const dx = scaled.sub(scaled.mean(1, true)).sub(normal.mul(along)).mul(column);
  return [dx, dy.mul(normal).sum(0), dy.sum(0)];
}

/** x·Φ(x): "exact" by the error function (BERT), "tanh" by its approximation (gelu_new, gelu_pytorch_tanh). */
export function gelu(x: Tensor, form: GeluForm): Tensor {
  return withGradient([x], ([x], save) => {
    save([x!]);
    return { value: geluForward(x!, form), gradFunc: (dy, [x]) => [geluBackward(dy, x!, form)] };
  });
}

/** √(2/π) and the cubic's factor of the approximation (Hendrycks and Gimpel 2016, arXiv:1606.08415). */
export const GELU_TANH = { factor: Math.sqrt(2 / Math.PI), cubic: 0.044715 } as const;

function geluForward(x: Tensor, form: GeluForm): Tensor {
  if (hasKernel("CordonGelu")) return runKernel("CordonGelu", { x }, { exact: form === "exact" })[0]!;
  const gate = form === "exact" ? x.mul(Math.SQRT1_2).erf() : geluInner(x).tanh();
  return x.mul(gate.add(1)).mul(0.5);
}

function geluInner(x: Tensor): Tensor {
  return x.mul(x.square().mul(GELU_TANH.cubic).add(1)).mul(GELU_TANH.factor);
}

function geluBackward(dy: Tensor, x: Tensor, form: GeluForm): Tensor {
  if (hasKernel("CordonGeluGrad")) return runKernel("CordonGeluGrad", { dy, x }, { exact: form === "exact" })[0]!;
  if (form === "exact") {
    const density = x
      .square()
      .mul(-0.5)
      .exp()
      .mul(1 / Math.sqrt(2 * Math.PI));
    return dy.mul(x.mul(Math.SQRT1_2).erf().add(1).mul(0.5).add(x.mul(density)));
  }
  const gate = geluInner(x).tanh();
  const slope = x
    .square()
    .mul(3 * GELU_TANH.cubic)
    .add(1)
    .mul(GELU_TANH.factor);
  return dy.mul(
    gate
      .add(1)
      .mul(0.5)
      .add(x.mul(0.5).mul(tf.scalar(1).sub(gate.square())).mul(slope)),
  );
}

/** Rows of `table` (V, d) at `ids` (int32, each in [0, V)) → (…ids, d). The gradient adds up rows in the order of the ids: same bytes always. */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  const [rows, width] = table.shape as [number, number];
  const flat = ids.reshape([-1]).toInt();
  return withGradient([table], ([table], save) => {
    save([flat]);
    return {
      value: gatherRows(table!, flat).reshape([...ids.shape, width]),
      gradFunc: (dy, [ids]) => [embeddingGradient(dy.reshape([-1, width]), ids!, rows)],
    };
  });
}

function gatherRows(table: Tensor, ids: Tensor): Tensor {
  return hasKernel("CordonEmbedding") ? runKernel("CordonEmbedding", { table, ids })[0]! : tf.gather(table, ids);
}

function embeddingGradient(dy: Tensor, ids: Tensor, rows: number): Tensor {
  if (hasKernel("CordonEmbeddingGrad")) return runKernel("CordonEmbeddingGrad", { dy, ids }, { rows })[0]!;
  return tf.unsortedSegmentSum(dy, ids as never, rows);
}

/**
 * Σ w·bce(logit, target) / Σ w, a scalar. `logits` (N, L) before the sigmoid; `targets` in [0, 1]; `weights` ≥ 0, 0 where a label is
 * unknown, not all 0. Only the logits get a gradient. bce is max(z,0) − z·t + log(1 + e^−|z|), which neither overflows nor cancels.
 */
export function maskedBinaryCrossEntropy(logits: Tensor, targets: Tensor, weights: Tensor): Tensor {
  return withGradient([logits], ([z], save) => {
    const total = weights.sum();
    save([z!, targets, weights, total]);
    const loss = z!.relu().sub(z!.mul(targets)).add(z!.abs().neg().exp().log1p());
    return {
      value: loss.mul(weights).sum().div(total),
      gradFunc: (dy, [z, targets, weights, total]) => [z!.sigmoid().sub(targets!).mul(weights!).mul(dy.div(total!))],
    };
  });
}
