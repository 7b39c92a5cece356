// tf.customGrad with the types that it has in truth: a list of inputs, a list of what is saved, one gradient for each input.
import { tf, type Tensor } from "./tf.ts";

type Save = (tensors: Tensor[]) => void;

interface Differentiable {
  value: Tensor;
  /** `saved` is what `save` was given. Take tensors from there, never from the closure: those are disposed of before the way back. */
  gradFunc: (dy: Tensor, saved: Tensor[]) => Tensor[];
}

/** `forward(inputs)` as one node of the tape, with the gradient it names; `inputs` that are not listed get none. */
export function withGradient(inputs: readonly Tensor[], forward: (inputs: Tensor[], save: Save) => Differentiable): Tensor {
  const run = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as Save;
    return forward(args.slice(0, -1) as Tensor[], save);
  });
  return run(...inputs);
}
