// Additive attention masks: 0 where a query may look, a number below any score where it may not.
import type { Tensor } from "#train/tensor/tf";
import { tf } from "#train/tensor/tf";

// exp(−1e9 − m) is 0 in float32, and a row that is all masked stays finite (its weights are equal), as with transformers' lowest number.
const NOWHERE = -1e9;

/** 0 for 1, far below any score for 0. */
export function additive(mask: Uint8Array): Float32Array {
  return Float32Array.from(mask, (present) => (present === 1 ? 0 : NOWHERE));
}

/** (N, 1, 1, T) from a mask (N, T) of 1 and 0; null where nothing is masked. */
export function paddingMask(mask: Uint8Array, rows: number, tokens: number): Tensor | null {
  if (!mask.includes(0)) return null;
  return tf.tensor4d(additive(mask), [rows, 1, 1, tokens]);
}

/** (1, 1, T, T): |i − j| ≤ reach. */
export function localMask(tokens: number, reach: number): Tensor {
  const mask = new Float32Array(tokens * tokens);
  for (let i = 0; i < tokens; i++) {
    for (let j = 0; j < tokens; j++) if (Math.abs(i - j) > reach) mask[i * tokens + j] = NOWHERE;
  }
  return tf.tensor4d(mask, [1, 1, tokens, tokens]);
}
