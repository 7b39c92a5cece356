// TensorFlow.js, the one place that loads it. `@tensorflow/tfjs` and not `tfjs-core`: under Node the core alone registers
// no gradients. It is an optional peer, so only what trains an encoder may import this file, and that by dynamic import.
import { createRequire } from "node:module";
import type * as Tfjs from "@tensorflow/tfjs";

export type { Rank, Scalar, Tensor, Tensor1D, Tensor2D, Tensor3D, Tensor4D, Variable, NamedTensorMap } from "@tensorflow/tfjs";

// Its main file is CommonJS, whose names an import statement does not find.
export const tf = createRequire(import.meta.url)("@tensorflow/tfjs") as typeof Tfjs;
