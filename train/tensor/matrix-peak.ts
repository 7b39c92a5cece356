// What a back end's matrix multiplication reaches at its best: the figure that training's own speed is a share of.
import { tf } from "./tf.ts";

export interface MatrixPeak {
  /** Of a float32 product of two size×size matrices, in 10⁹ operations a second, a multiplication and an addition being two. */
  gflops: number;
  size: number;
}

/** Largest matrices tried, 3 × 256 MB. */
const LARGEST = 8192;
/** Seconds that a measurement takes at least: below, starting and reading back would weigh. */
const LONG_ENOUGH = 0.05;
const RUNS = 5;

/** Measures the active back end: sizes are doubled until one product is long enough, then the best of five counts. Seconds on all. */
export async function matrixPeak(): Promise<MatrixPeak> {
  let size = 256;
  while ((await secondsFor(size)) < LONG_ENOUGH && size < LARGEST) size *= 2;
  let best = Infinity;
  for (let run = 0; run < RUNS; run++) best = Math.min(best, await secondsFor(size));
  return { gflops: (2 * size ** 3) / best / 1e9, size };
}

/** Seconds of one product, the second of two: the first compiles. */
async function secondsFor(size: number): Promise<number> {
  const [a, b] = [tf.ones([size, size]), tf.ones([size, size])];
  let seconds = 0;
  for (let turn = 0; turn < 2; turn++) {
    const start = performance.now();
    const corner = tf.tidy(() => tf.slice(tf.matMul(a, b), [0, 0], [1, 1]));
    const [value] = await corner.data();
    seconds = (performance.now() - start) / 1000;
    corner.dispose();
    if (value !== size) throw new Error(`matrixPeak: requires the product of ones to be ${size}, got ${value}`);
  }
  tf.dispose([a, b]);
  return seconds;
}
