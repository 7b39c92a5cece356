// Rotary position tables (Su et al. 2021, https://arxiv.org/abs/2104.09864), in transformers' "default" form: frequency i of a head of
// size D is θ^(−2i/D), and the second half of a row repeats the first.
import { type Tensor, tf } from "#train/tensor/tf";

export interface RotaryTable {
  /** (T, D). */
  readonly cos: Tensor;
  readonly sin: Tensor;
}

export function rotaryTable(tokens: number, size: number, theta: number): RotaryTable {
  const cos = new Float32Array(tokens * size);
  const sin = new Float32Array(tokens * size);
  const half = size / 2;
  for (let i = 0; i < half; i++) {
    // transformers rounds the frequency and the angle to float32; at thousands of tokens the angle would differ otherwise.
    const frequency = Math.fround(1 / Math.fround(theta ** ((2 * i) / size)));
    for (let t = 0; t < tokens; t++) {
      const angle = Math.fround(t * frequency);
      for (const at of [t * size + i, t * size + half + i]) {
        cos[at] = Math.cos(angle);
        sin[at] = Math.sin(angle);
      }
    }
  }
  return { cos: tf.tensor2d(cos, [tokens, size]), sin: tf.tensor2d(sin, [tokens, size]) };
}
