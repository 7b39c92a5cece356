// AdamW (Loshchilov & Hutter, ICLR 2019) of a large table of which a step touches few rows, on the host: only those rows move, and
// only their moments decay, as in TensorFlow Addons' LazyAdam. On the rows that every step touches it is AdamW itself.

export interface AdamwHyper {
  beta1: number;
  beta2: number;
  epsilon: number;
  weightDecay: number;
}

export class LazyAdamw {
  /** (rows, width), updated in place. */
  readonly table: Float32Array;
  /** (rows, width) first and second moments. */
  readonly m: Float32Array;
  readonly v: Float32Array;
  readonly #width: number;
  readonly #hyper: AdamwHyper;

  constructor(table: Float32Array, width: number, hyper: AdamwHyper) {
    if (table.length % width !== 0) throw new Error(`LazyAdamw: requires rows of ${width}, got ${table.length} values`);
    this.table = table;
    this.m = new Float32Array(table.length);
    this.v = new Float32Array(table.length);
    this.#width = width;
    this.#hyper = hyper;
  }

  /**
   * @param rows (U) distinct row numbers
   * @param gradient (U, width)
   * @param scale of the gradient, where it is clipped
   * @param step from 1, of the whole run: a row that comes late is corrected for bias as little as the others
   */
  step(rows: Int32Array, gradient: Float32Array, scale: number, learningRate: number, step: number): void {
    const { table, m, v } = this;
    const { beta1, beta2, epsilon, weightDecay } = this.#hyper;
    const width = this.#width;
    const rate = learningRate / (1 - beta1 ** step);
    const correction = 1 / Math.sqrt(1 - beta2 ** step);
    const keep = 1 - learningRate * weightDecay;
    for (let u = 0; u < rows.length; u++) {
      const from = u * width;
      const to = rows[u]! * width;
      for (let k = 0; k < width; k++) {
        const g = gradient[from + k]! * scale;
        const first = beta1 * m[to + k]! + (1 - beta1) * g;
        const second = beta2 * v[to + k]! + (1 - beta2) * g * g;
        m[to + k] = first;
        v[to + k] = second;
        table[to + k] = table[to + k]! * keep - (rate * first) / (Math.sqrt(second) * correction + epsilon);
      }
    }
  }
}
