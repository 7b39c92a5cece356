// Cordon's own kernels, by name. A back end that registers one (kernels/) runs it; where none is registered, the composition in ops.ts,
// attention.ts, dropout.ts or adamw.ts is computed. Shapes: n rows, d columns, row-major float32 unless said otherwise.
import { tf, type Tensor } from "./tf.ts";

/** Kernel → what goes in and comes out. */
export const KERNELS = {
  CordonLinear: "x (n,in), weight (out,in), bias (out)? → x·weightᵀ + bias (n,out)",
  CordonColumnSum: "x (n,d) → (d)",
  CordonLayerNorm: "x (n,d), gamma (d), beta (d)?; eps → [y (n,d), mean (n), 1/σ (n)]",
  CordonLayerNormGrad: "dy, x (n,d), gamma (d), mean, 1/σ (n) → [dx (n,d), dgamma (d), dbeta (d)]",
  CordonGelu: "x; exact → as x",
  CordonGeluGrad: "dy, x; exact → dx",
  CordonSoftmax: "scores (N,H,T,S), mask (N|1,H|1,T|1,S)?; scale → softmax(scale·scores + mask) over the last axis",
  CordonSoftmaxGrad: "dy, y (N,H,T,S); scale → scale·y·(dy − Σ dy·y)",
  CordonRotary: "x (N,H,T,D), cos, sin (T,D); sign → x·cos + sign·rotate(x)·sin",
  CordonDropout: "x; rate, seed → as x (dropout.ts has the mask's formula)",
  CordonEmbedding: "table (V,d), ids int32 (n) → (n,d)",
  CordonEmbeddingGrad: "dy (n,d), ids int32 (n); rows → (rows,d), summed in the order of the tokens",
  CordonSquareSum: "x → scalar",
  CordonAdamw: "variable, gradient, m, v, clip scalar; constants → nothing: variable, m and v are changed in place",
} as const;

export type KernelName = keyof typeof KERNELS;
type Attributes = Record<string, number | string | boolean>;

/** True where the active back end has the kernel. */
export function hasKernel(name: KernelName): boolean {
  return tf.getKernel(name, tf.getBackend()) != null;
}

/** Runs a kernel of the active back end; inputs that are null or undefined are left out. */
export function runKernel(name: KernelName, inputs: Record<string, Tensor | null>, attributes: Attributes = {}): Tensor[] {
  const present = Object.fromEntries(Object.entries(inputs).filter(([, tensor]) => tensor !== null));
  const outputs = tf.engine().runKernel(name, present as never, attributes as never) as Tensor | Tensor[];
  return Array.isArray(outputs) ? outputs : [outputs];
}
