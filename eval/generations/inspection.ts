// Everything that is measured of a set of examples without a model: how diverse it is, how much of an earlier set's tail
// is left in it, and how far the groups that it names lean to one label.
import type { Example } from "#datasets/example";
import type { Identity } from "#eval/bias/identity-terms";
import type { ModelBias } from "#eval/bias/model-bias";
import { type TermOdds, termOdds } from "#eval/bias/term-odds";
import { type CellDiversity, DIVERSITY_DEFAULTS, diversity, type DiversityOptions } from "#eval/diversity/diversity";
import { type NearDuplicates, nearDuplicates } from "#eval/diversity/near-duplicates";
import { rareGramSurvival, type Survival } from "#eval/diversity/rare-grams";
import { heldOutLoss, type HeldOutLoss } from "./held-out-loss.ts";

export interface InspectionSettings extends DiversityOptions {
  /** Rows of a label among which near duplicates are looked for. */
  duplicate_rows: number;
}

export const INSPECTION_DEFAULTS: InspectionSettings = { ...DIVERSITY_DEFAULTS, duplicate_rows: 2000 };

type OfLabel<T> = T & { label: 0 | 1 };

export interface Inspection {
  settings: InspectionSettings;
  rows: { harmful: number; harmless: number };
  cells: CellDiversity[];
  near_duplicates: OfLabel<NearDuplicates>[];
  /** Of the earlier set's rare n-grams; null where there is no earlier set. */
  survival: OfLabel<Survival>[] | null;
  /** Of texts held out of the earlier set; null where there is none. */
  held_out: OfLabel<HeldOutLoss>[] | null;
  terms: TermOdds[];
  model: ModelBias | null;
}

/** What a set is held against. */
export interface EarlierSet {
  rows: readonly Example[];
  /** Rows that no model of it has learned from. */
  heldOut: readonly Example[];
}

export function inspect(
  rows: readonly Example[],
  before: EarlierSet | null,
  identities: readonly Identity[],
  settings: InspectionSettings,
  progress: (text: string) => void = () => {},
): Inspection {
  const texts = (of: readonly Example[], label: 0 | 1) => of.filter((row) => row.label === label).map((row) => row.text);
  const byLabel = <T>(compute: (label: 0 | 1) => T | null): OfLabel<T>[] =>
    ([1, 0] as const).flatMap((label) => {
      const found = compute(label);
      return found === null ? [] : [{ label, ...found }];
    });
  const cells = diversity(rows, settings, progress);
  progress("repetition");
  return {
    settings,
    rows: { harmful: texts(rows, 1).length, harmless: texts(rows, 0).length },
    cells,
    near_duplicates: byLabel((label) => nearDuplicates(texts(rows, label), settings.duplicate_rows, settings.seed)),
    survival: before && byLabel((label) => rareGramSurvival(texts(before.rows, label), texts(rows, label), settings.seed)),
    held_out: before && byLabel((label) => heldOutLoss(before.rows, rows, before.heldOut, label, settings.seed)),
    terms: termOdds(rows, identities),
    model: null,
  };
}
