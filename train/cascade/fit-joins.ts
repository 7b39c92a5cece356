// Fits, label by label, how the scores of two stages become one.
import { logit } from "#models/cascade/cascade-model";
import type { CascadeArchitecture, Combination, Manifest } from "#models/manifest";
import { fitPlatt } from "#train/calibration";
import { type Row, stateOf } from "#train/label-states";
import { fitCombination } from "./combine.ts";
import type { BothScores } from "./stages.ts";

/**
 * By label, from the calibration rows whose state is known.
 * @param ofSecond labels of the second stage @param rules of the first: label → the one that it follows
 */
export function fitJoins(
  rows: readonly Row[],
  scored: readonly BothScores[],
  labels: readonly string[],
  ofSecond: readonly string[],
  rules: Record<string, { of: string }>,
): CascadeArchitecture["combine"] {
  const combine: CascadeArchitecture["combine"] = {};
  for (const [index, label] of labels.entries()) {
    const place = ofSecond.indexOf(label);
    const states = rows.map((row) => (row.split === "calibration" ? stateOf(row.example, label) : -1));
    const of = (value: (row: BothScores) => number) => scored.flatMap((row, i) => (states[i]! < 0 ? [] : [logit(value(row))]));
    const targets = states.filter((state) => state >= 0);
    const first = of((row) => row.first[index]!);
    // Without enough rows the label keeps the score of the stage that decided.
    const both = (): Combination["both"] =>
      place < 0 ? null : (fitCombination(first, of((row) => row.second[place]!), targets) ?? { first: 0, second: 1, intercept: 0 }); // prettier-ignore
    combine[label] = { alone: fitPlatt(first, targets) ?? { slope: 1, intercept: 0 }, both: both(), rule: false };
  }
  for (const [label, { of }] of Object.entries(rules)) {
    const second = ofSecond.includes(label);
    combine[label] = { ...combine[of]!, both: second ? combine[of]!.both : null, rule: true };
  }
  return combine;
}

/** What the manifest says of each label's calibration. */
export function calibrationReports(rows: readonly Row[], labels: readonly string[], combine: CascadeArchitecture["combine"]) {
  return Object.fromEntries(
    labels.map((label) => {
      const states = rows.flatMap((row) => (row.split === "calibration" ? stateOf(row.example, label) : -1)).filter((state) => state >= 0);
      const { slope, intercept } = combine[label]!.alone;
      const method = combine[label]!.rule || (slope === 1 && intercept === 0) ? "none" : "platt";
      return [label, { method, slope, intercept, rows: states.length, positives: states.filter((state) => state === 1).length }] as const;
    }),
  ) satisfies Manifest["calibration"];
}
