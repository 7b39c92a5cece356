// Named tensors on the host, as checkpoints hold them: names and shapes are Hugging Face's (a Linear's weight is [out, in]).

export interface Tensor {
  readonly shape: readonly number[];
  /** Row-major, product of `shape` long. */
  readonly data: Float32Array;
}

export type Tensors = Map<string, Tensor>;

/** Number of elements of a shape; 1 for a scalar's. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, n) => product * n, 1);
}

/** Names of tensors for a message: at most eight, and how many more there are. */
export function some(names: readonly string[]): string {
  return names.length <= 8 ? names.join(", ") : `${names.slice(0, 8).join(", ")} and ${names.length - 8} more`;
}
