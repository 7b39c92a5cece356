// From fitted weights to the model's integer table: one scale a column, 16 bits.
import type { NgramFeatures } from "#models/ngram/features";
import type { LabelRule, NgramModel } from "#models/ngram/model";
import { wordBucket } from "#models/ngram/features";
import type { DesignMatrix } from "./design-matrix.ts";
import type { LogisticFit } from "./logistic.ts";

const LIMIT = 32767;

/**
 * The model of the fits, uncalibrated: slope and intercept give the raw logit. Labels with a rule have no fit; their
 * column counts the rule's words.
 */
export function quantizeModel(
  matrix: DesignMatrix,
  features: NgramFeatures,
  labels: readonly string[],
  fits: ReadonlyMap<string, LogisticFit>,
  rules: Record<string, LabelRule>,
): NgramModel {
  const columns = labels.length + 1;
  const table = new Int16Array(2 ** features.bits * columns);
  const slope = new Float32Array(labels.length);
  const intercept = new Float32Array(labels.length);
  const { bucket, idf } = matrix;

  const massScale = idf.reduce((high, x) => Math.max(high, x * x), 1e-12) / LIMIT;
  idf.forEach((x, c) => {
    table[bucket[c]! * columns + labels.length] = Math.max(1, Math.round((x * x) / massScale));
  });
  labels.forEach((label, index) => {
    const fit = fits.get(label);
    if (fit === undefined) {
      for (const word of rules[label]?.words ?? []) table[wordBucket(features, word) * columns + index] = 1;
      return;
    }
    const folded = fit.weights.map((weight, c) => weight * idf[c]!);
    const scale = folded.reduce((high, x) => Math.max(high, Math.abs(x)), 1e-12) / LIMIT;
    folded.forEach((x, c) => {
      table[bucket[c]! * columns + index] = Math.round(x / scale);
    });
    slope[index] = scale / Math.sqrt(massScale);
    intercept[index] = fit.bias;
  });
  return { features, labels, table, slope, intercept, rules };
}
