// One generation of a loop that feeds on itself, measured against the first: its diversity, what a classifier of it is
// worth on held-out text of the first, and how that model treats the groups that people belong to.
import type { Example } from "#datasets/example";
import type { Identity } from "#eval/bias/identity-terms";
import { type Judge, modelBias } from "#eval/bias/model-bias";
import { GAP_DEFAULTS } from "#eval/bias/counterfactual";
import { count, rank } from "#eval/metrics/ranking";
import { auroc } from "#eval/metrics/ranking-metrics";
import { type Alarm, alarms, type AlarmThresholds } from "./alarms.ts";
import { inspect, type Inspection, type InspectionSettings } from "./inspection.ts";

/** Where a generation's rows come from; `fresh` is a second draw of the first, for comparison. */
export type Source = "first" | "fresh" | "replaced" | "accumulated";

export interface GenerationResult {
  source: Source;
  generation: number;
  rows: number;
  /** Written texts that put sexual words beside words for minors, of which none is kept. */
  dropped: number;
  inspection: Inspection;
  /** Of a classifier of the rows, by set; the held-out part of the first generation first. */
  auroc: Record<string, number | null>;
  alarms: Alarm[];
}

/** What every generation is held against. */
export interface Yardstick {
  first: readonly Example[];
  firstJudge: Judge;
  /** Held-out rows of the first generation's source. */
  heldOut: readonly Example[];
  /** Labelled sets by name, `heldOut` among them. */
  sets: Readonly<Record<string, readonly Example[]>>;
  identities: readonly Identity[];
  settings: InspectionSettings;
  thresholds: AlarmThresholds;
}

/** Enough for an interval of the gap; the subgroups' are not shown. */
const RESAMPLES = 100;

/** @param before the first generation's result; null for itself */
export function measureGeneration(
  own: { source: Source; generation: number; rows: readonly Example[]; dropped: number; judge: Judge },
  yardstick: Yardstick,
  before: GenerationResult | null,
): GenerationResult {
  const { first, firstJudge, heldOut, sets, identities, settings, thresholds } = yardstick;
  const inspection = inspect(own.rows, before && { rows: first, heldOut }, identities, settings);
  inspection.model = modelBias(heldOut, identities, own.judge, before && firstJudge, { ...GAP_DEFAULTS, resamples: RESAMPLES });
  return {
    source: own.source,
    generation: own.generation,
    rows: own.rows.length,
    dropped: own.dropped,
    inspection,
    auroc: Object.fromEntries(Object.entries(sets).map(([name, rows]) => [name, aurocOf(rows, own.judge)])),
    alarms: alarms(inspection, before?.inspection ?? null, thresholds),
  };
}

function aurocOf(rows: readonly Example[], { score }: Judge): number | null {
  return auroc(
    count(
      rank(
        rows.map((row) => score(row.text)),
        rows.map((row) => row.label),
      ),
    ),
  );
}
