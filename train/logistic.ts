// Logistic regression on a sparse matrix by AdaGrad (Duchi, Hazan & Singer, JMLR 12, 2011), one label at a time.
import { Random } from "#models/random";
import type { DesignMatrix } from "./design-matrix.ts";

export interface LogisticOptions {
  seed: number;
  /** Passes over the data at most; fewer where the validation loss stops falling. */
  epochs: number;
  /** Step size of the first pass; it falls linearly to a fiftieth. */
  learningRate: number;
  l2: number;
}

export interface LogisticFit {
  /** (columns) weights on tf-idf features. */
  weights: Float32Array;
  bias: number;
  epochs: number;
  /** Weighted log loss of the validation rows after each epoch; empty where there are none. */
  validationLoss: number[];
}

/** Rows whose error is smaller teach nothing that is worth the time. */
const NEGLIGIBLE = 1e-3;
/** AdaGrad's accumulators start above zero, so that a first step is not a full one. */
const INITIAL_ACCUMULATOR = 1e-4;

/**
 * Fits one label.
 * @param target (rows) 1 present, 0 absent, -1 unknown: left out of the loss
 * @param weight (rows) weight of a row in the loss; 0 leaves it out, a negative one marks a validation row of that weight
 */
export function fitLogistic(matrix: DesignMatrix, target: Int8Array, weight: Float32Array, options: LogisticOptions): LogisticFit {
  const { features, offsets, inverseNorm, idf } = matrix;
  const weights = new Float32Array(matrix.columns);
  const accumulator = new Float32Array(matrix.columns).fill(INITIAL_ACCUMULATOR);
  let bias = 0;
  let biasAccumulator = INITIAL_ACCUMULATOR;
  const training: number[] = [];
  const validation: number[] = [];
  for (let row = 0; row < matrix.rows; row++) {
    if (target[row]! < 0 || weight[row] === 0) continue;
    (weight[row]! > 0 ? training : validation).push(row);
  }
  const order = Int32Array.from(training);
  const random = new Random(options.seed, "logistic");

  const logit = (row: number): number => {
    let z = 0;
    for (let k = offsets[row]!, end = offsets[row + 1]!; k < end; k++) {
      const c = features[k]!;
      z += weights[c]! * idf[c]!;
    }
    return z * inverseNorm[row]! + bias;
  };
  const loss = (): number => {
    let sum = 0;
    let total = 0;
    for (const row of validation) {
      const z = logit(row);
      sum -= weight[row]! * Math.log1p(Math.exp(target[row] === 1 ? -z : z));
      total -= weight[row]!;
    }
    return sum / total;
  };

  const validationLoss: number[] = [];
  let best = { loss: Number.POSITIVE_INFINITY, weights: weights.slice(), bias };
  for (let epoch = 0; epoch < options.epochs; epoch++) {
    random.shuffle(order);
    const rate = options.learningRate * Math.max(1 - epoch / options.epochs, 0.02);
    for (let i = 0; i < order.length; i++) {
      const row = order[i]!;
      const error = 1 / (1 + Math.exp(-logit(row))) - target[row]!;
      if (Math.abs(error) < NEGLIGIBLE) continue;
      const step = error * weight[row]!;
      biasAccumulator += step * step;
      bias -= (rate * step) / Math.sqrt(biasAccumulator);
      const scale = step * inverseNorm[row]!;
      for (let k = offsets[row]!, end = offsets[row + 1]!; k < end; k++) {
        const c = features[k]!;
        const gradient = scale * idf[c]! + options.l2 * weights[c]!;
        const sum = accumulator[c]! + gradient * gradient;
        accumulator[c] = sum;
        weights[c]! -= (rate * gradient) / Math.sqrt(sum);
      }
    }
    if (validation.length === 0) continue;
    const now = loss();
    validationLoss.push(now);
    if (now < best.loss) best = { loss: now, weights: weights.slice(), bias };
    else if (validationLoss.length - validationLoss.indexOf(best.loss) > 2) break;
  }
  if (validation.length === 0) return { weights, bias, epochs: options.epochs, validationLoss };
  return { weights: best.weights, bias: best.bias, epochs: validationLoss.indexOf(best.loss) + 1, validationLoss };
}
