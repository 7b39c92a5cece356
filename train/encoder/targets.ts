// What a network is to answer for each row, and what each answer counts: known labels, shares of annotators, a teacher's
// probabilities; unknown labels are masked.
import { HARMFUL } from "#models/taxonomy";
import { type BalanceOptions, positiveWeight, sourceWeights } from "#train/balance";
import { type Row, stateOf } from "#train/label-states";

export interface TargetOptions extends BalanceOptions {
  /** Share of the loss that `harmful` has at least, over 0 to 1; the categories share the rest evenly. */
  harmfulWeight: number;
  /** ε of label smoothing: a target t becomes t · (1 − ε) + ε / 2. */
  smoothing: number;
  /** Take `labelDist` for the target of `harmful` where a row has it. */
  softLabels: boolean;
}

export interface Targets {
  /** (rows, labels) 0 to 1. */
  target: Float32Array;
  /** (rows, labels) weight in the loss; 0 where the label is unknown. */
  weight: Float32Array;
  /** (rows) weight of the row, by its source: what a loss is divided by. */
  rowWeight: Float32Array;
}

/**
 * Targets and weights of rows.
 * @param labels (L) learned labels, `harmful` first
 */
export function labelTargets(rows: readonly Row[], labels: readonly string[], options: TargetOptions): Targets {
  const count = labels.length;
  const rowWeight = sourceWeights(
    rows.map(({ example }) => example.source ?? ""),
    options,
  );
  const target = new Float32Array(rows.length * count);
  const weight = new Float32Array(rows.length * count);
  labels.forEach((label, l) => {
    const states = rows.map(({ example }) => stateOf(example, label));
    const sum = (state: number) => states.reduce<number>((total, s, r) => total + (s === state ? rowWeight[r]! : 0), 0);
    const heavier = positiveWeight(sum(1), sum(0), options.classPower);
    const share = labelShare(l, count, options.harmfulWeight);
    rows.forEach(({ example }, r) => {
      const state = states[r]!;
      if (state < 0) return;
      const hard = label === HARMFUL && options.softLabels ? (example.labelDist ?? state) : state;
      target[r * count + l] = hard * (1 - options.smoothing) + options.smoothing / 2;
      weight[r * count + l] = rowWeight[r]! * share * (state === 1 ? heavier : 1);
    });
  });
  return { target, weight, rowWeight };
}

/** What a known label counts in a row of weight 1. @param index of the label, `harmful` being 0 @param labels their number */
export function labelShare(index: number, labels: number, harmfulWeight: number): number {
  if (labels === 1) return 1;
  return index === 0 ? harmfulWeight : (1 - harmfulWeight) / (labels - 1);
}
