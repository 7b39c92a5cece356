// The part of a model that a run needs: with one label of many, its column of weights alone, which is smaller and, as
// memory is what a table look-up waits for, faster. The sums are of the same integers, so the scores are the same.
// The table lies in shared memory: every worker reads the one copy.
import { CordonError } from "#models/errors";
import type { NgramModel } from "./model.ts";

/**
 * `model` with only `labels`, in this order, and those that their rules follow.
 * @throws CordonError model/no-such-label
 */
export function withLabels(model: NgramModel, labels: readonly string[]): NgramModel {
  const wanted = [...labels];
  for (const label of labels) {
    if (!model.labels.includes(label)) {
      throw new CordonError("model/no-such-label", `the model has no label ${label}`, {
        hint: `choose one of ${model.labels.join(", ")}`,
      });
    }
    const followed = model.rules[label]?.of;
    if (followed !== undefined && !wanted.includes(followed)) wanted.push(followed);
  }
  const from = model.labels.length + 1;
  const to = wanted.length + 1;
  const columns = [...wanted.map((label) => model.labels.indexOf(label)), model.labels.length];
  const rows = model.table.length / from;
  const table = new Int16Array(new SharedArrayBuffer(rows * to * 2));
  for (let row = 0; row < rows; row++) for (let c = 0; c < to; c++) table[row * to + c] = model.table[row * from + columns[c]!]!;
  return {
    features: model.features,
    labels: wanted,
    table,
    slope: Float32Array.from(wanted, (label) => model.slope[model.labels.indexOf(label)]!),
    intercept: Float32Array.from(wanted, (label) => model.intercept[model.labels.indexOf(label)]!),
    rules: Object.fromEntries(Object.entries(model.rules).filter(([label]) => wanted.includes(label))),
  };
}
