// How a model treats the groups that people belong to, on one labelled set: counterfactual gaps, and its errors by group.
import type { Example } from "#datasets/example";
import {
  type Amplification,
  amplification,
  counterfactuals,
  type Gap,
  GAP_DEFAULTS,
  type GapOptions,
  meanDifference,
  type ModelGaps,
  summarise,
  textGaps,
} from "./counterfactual.ts";
import type { Identity } from "./identity-terms.ts";
import { groupsNamed, type Subgroups, subgroups } from "./subgroups.ts";

/** A model as a function: the probability of `harmful`, flagged at or above the threshold. */
export interface Judge {
  name: string;
  score: (text: string) => number;
  threshold: number;
}

export interface ModelBias {
  model: string;
  rows: number;
  /** Null where no text names a group. */
  counterfactual: Gap | null;
  subgroups: Subgroups;
  /** Against the model of the earlier set, on the same texts. */
  before: { model: string; counterfactual: Gap | null; amplification: Amplification | null } | null;
}

/** @param before the model of an earlier set, whose gap on the same texts is what amplification is measured against */
export function modelBias(
  rows: readonly Pick<Example, "text" | "label">[],
  identities: readonly Identity[],
  now: Judge,
  before: Judge | null,
  options: GapOptions = GAP_DEFAULTS,
): ModelBias {
  const texts = rows.map((row) => row.text);
  const probes = counterfactuals(texts, identities, options);
  const groups = groupsNamed(texts, identities);
  const scores = texts.map(now.score);
  const scored = rows.map((row, i) => ({ score: scores[i]!, label: row.label, groups: groups[i]! }));
  const own: ModelGaps = { gaps: textGaps(probes, now.score, now.threshold), spread: meanDifference(scores) };
  const earlier: ModelGaps | null = before && {
    gaps: textGaps(probes, before.score, before.threshold),
    spread: meanDifference(texts.map(before.score)),
  };
  return {
    model: now.name,
    rows: rows.length,
    counterfactual: summarise(own.gaps, own.spread, options),
    subgroups: subgroups(scored, identities, now.threshold, { resamples: options.resamples, seed: options.seed }),
    before: earlier && {
      model: before!.name,
      counterfactual: summarise(earlier.gaps, earlier.spread, options),
      amplification: amplification(earlier, own, options),
    },
  };
}
