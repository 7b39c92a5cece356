// Dropout whose mask is a function of a seed and the place, not of a state: the way back makes it again instead of keeping it, and every back
// end makes the same one. The hash is one of hash-prospector (https://github.com/skeeto/hash-prospector) over place·golden + seed.
import type { Random } from "#models/random";
import { withGradient } from "./gradient.ts";
import { hasKernel, runKernel } from "./kernel.ts";
import { tf, type Tensor } from "./tf.ts";

/** Zeroes each value with probability `rate` in [0, 1) and divides the others by 1 − rate. Draws one number from `random`. */
export function dropout(x: Tensor, rate: number, random: Random): Tensor {
  if (rate === 0) return x;
  const seed = random.below(2 ** 32);
  return withGradient([x], ([x]) => ({ value: dropoutMasked(x!, rate, seed), gradFunc: (dy) => [dropoutMasked(dy, rate, seed)] }));
}

/** The mask of `seed` applied to `x`, without a gradient. */
export function dropoutMasked(x: Tensor, rate: number, seed: number): Tensor {
  if (hasKernel("CordonDropout")) return runKernel("CordonDropout", { x }, { rate, seed })[0]!;
  return x.mul(tf.tensor(dropoutMask(x.size, rate, seed), x.shape));
}

/** Factors 0 or 1/(1 − rate), row-major. A value is dropped where its hash is below rate·2³². */
export function dropoutMask(size: number, rate: number, seed: number): Float32Array {
  const bound = Math.round(rate * 2 ** 32);
  const kept = 1 / (1 - rate);
  const mask = new Float32Array(size);
  for (let place = 0; place < size; place++) mask[place] = hash(Math.imul(place, 0x9e3779b9) + seed) < bound ? 0 : kept;
  return mask;
}

function hash(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
