// Joins an n-gram package and an encoder package into a cascade: both score the calibration rows, which neither was trained
// on; from these come the join of each label, the band that is escalated, thresholds and operating points. The test rows
// measure, and are used for nothing else.
import type { Example } from "#datasets/example";
import type { StagedRow } from "#eval/escalation";
import type { ScoredRow } from "#eval/evaluate";
import { computeMetrics } from "#eval/metrics/metrics";
import { rank } from "#eval/metrics/ranking";
import { alone, isUnsure, joined } from "#models/cascade/cascade-model";
import type { Aggregate, Band, CascadeArchitecture, ManifestDraft } from "#models/manifest";
import type { ModelPackage } from "#models/package";
import { NgramScorer } from "#models/ngram/scorer";
import { openScorer, type ScorerOptions } from "#models/scorer";
import { dataHash, positivesOf, type Row, splitRows, stateOf } from "#train/label-states";
import type { ThresholdRule } from "#train/operating-points";
import { packageFigures } from "#train/package-figures";
import { type ChosenBand, chooseBand } from "./band.ts";
import { calibrationReports, fitJoins } from "./fit-joins.ts";
import { type BothScores, checkStages, firstScores, refuseFewRows, scoreBoth, unseenRows } from "./stages.ts";

/** Shares of which a package keeps the best band, so that quality can be set against cost on any data. */
const SHARES = [0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

export interface CascadeOptions {
  /** At most this share of the texts goes to the second stage, 0 to 1. */
  share: number;
  /** Texts as they come, of which the share is; the calibration rows where there are none. */
  traffic?: AsyncIterable<string>;
  aggregate: Aggregate;
  /** Of the first label. */
  thresholdRule: ThresholdRule;
  scorer: ScorerOptions;
}

export interface CascadeResult {
  manifest: ManifestDraft & { architecture: CascadeArchitecture };
  band: ChosenBand;
  /** The test rows by both stages, for the curve of quality against cost. */
  heldOut: StagedRow[];
  /** The same by the cascade, and what each way of scoring them is worth. */
  heldOutScores: ScoredRow[];
  compared: Record<"first" | "second" | "both for every text" | "cascade", Compared>;
  /** Calibration rows that both stages scored. */
  calibrationRows: number;
  /** Whether a stage says that it was trained on exactly this data. */
  sameData: { first: boolean; second: boolean };
}

interface Compared {
  auroc: number | null;
  average_precision: number | null;
  /** At a false positive rate of 1 %. */
  recall_at_fpr: number | null;
}

/** @throws CordonError as checkStages, and data/too-few-examples */
export async function fitCascade(
  first: ModelPackage,
  second: ModelPackage,
  examples: readonly Example[],
  options: CascadeOptions,
  about: { name: string; description: string; cordonVersion: string; gitRevision: string },
  progress: (text: string) => void = () => {},
): Promise<CascadeResult> {
  checkStages(first, second);
  const { aggregate, share } = options;
  const rows = splitRows(examples);
  const measured = unseenRows(rows);
  const labels = [...first.manifest.labels];
  const decides = labels[0]!;
  refuseFewRows(measured, decides);

  const one = new NgramScorer(first.model.model);
  const two = await openScorer(second.model, options.scorer);
  let scored: BothScores[];
  try {
    scored = scoreBoth(measured, one, two, aggregate, progress);
  } finally {
    two.close?.();
  }
  const { architecture: ofFirst } = first.manifest;
  const rules = ofFirst.kind === "ngram" ? ofFirst.rules : {};
  const combine = fitJoins(measured, scored, labels, second.manifest.labels, rules);

  const places = labels.map((label) => two.labels.indexOf(label));
  const together = (row: BothScores, label: number) => {
    const combination = combine[labels[label]!]!;
    const p = row.first[label]!;
    return { alone: alone(combination, p), both: joined(combination, p, places[label]! < 0 ? 0 : row.second[places[label]!]!) };
  };
  const calibration = scored.filter((_, i) => measured[i]!.split === "calibration");
  const known = scored.flatMap((row, i) => {
    const state = measured[i]!.split === "calibration" ? stateOf(measured[i]!.example, decides) : -1;
    return state < 0 ? [] : [{ ...together(row, 0), first: row.first[0]!, label: state }];
  });
  const texts =
    options.traffic === undefined ? calibration.map((row) => row.first[0]!) : await firstScores(options.traffic, one, aggregate);
  const stageScores = {
    first: known.map((row) => row.first),
    alone: known.map((row) => row.alone),
    both: known.map((row) => row.both),
    labels: known.map((row) => row.label),
  };
  progress("choosing the band");
  const band = chooseBand(stageScores, texts, share);
  const bands = SHARES.map((most) => {
    const { low, high } = chooseBand(stageScores, texts, most);
    return { share: most, low, high };
  });

  const final = scored.map((row) => {
    const unsure = isUnsure(band, row.first[0]!);
    return labels.map((_, label) => together(row, label)[unsure ? "both" : "alone"]);
  });
  const architecture: CascadeArchitecture = {
    kind: "cascade",
    decides,
    band: { low: band.low, high: band.high },
    escalate: { share, measured: band.measured, texts: texts.length, on: options.traffic === undefined ? "calibration" : "traffic" },
    bands,
    combine,
  };
  const hash = dataHash(rows);
  return {
    band,
    calibrationRows: calibration.length,
    sameData: { first: first.manifest.training.dataSha256 === hash, second: second.manifest.training.dataSha256 === hash },
    ...measureHeldOut(measured, scored, decides, band, places[0]!, (row) => together(row, 0)),
    manifest: {
      ...about,
      architecture,
      labels,
      aggregate,
      ...packageFigures(measured, final, { labels, rules }, options.thresholdRule),
      calibration: calibrationReports(measured, labels, combine),
      training: {
        dataSha256: hash,
        examples: rows.length,
        positives: positivesOf(rows, labels),
        gitRevision: about.gitRevision,
        seed: first.manifest.training.seed,
        options: {
          escalate: share,
          aggregate,
          thresholdRule: options.thresholdRule,
          first: { name: first.manifest.name, dataSha256: first.manifest.training.dataSha256 },
          second: { name: second.manifest.name, dataSha256: second.manifest.training.dataSha256 },
          ...(options.scorer.precision && { precision: options.scorer.precision }),
        },
      },
    },
  };
}

/** The test rows by both stages and by the cascade. @param inSecond place of the label that decides among the second stage's */
function measureHeldOut(
  rows: readonly Row[],
  scored: readonly BothScores[],
  decides: string,
  band: Band,
  inSecond: number,
  together: (row: BothScores) => { alone: number; both: number },
): Pick<CascadeResult, "heldOut" | "heldOutScores" | "compared"> {
  const test = scored.flatMap((row, i) => {
    const { split, example } = rows[i]!;
    return split === "test" ? [{ row, label: stateOf(example, decides), ...together(row), escalated: isUnsure(band, row.first[0]!) }] : [];
  });
  const known = test.filter(({ label }) => label >= 0);
  const scoreOf = ({ alone, both, escalated }: (typeof test)[number]) => (escalated ? both : alone);
  const compare = (of: (scores: (typeof test)[number]) => number) =>
    compared(
      known.map(of),
      known.map(({ label }) => label),
    );
  return {
    heldOut: test.map(({ row: { first, firstMs, secondMs }, label, alone, both }) => ({
      label,
      readings: [{ decides: first[0]!, alone, both, firstMs, secondMs }],
    })),
    heldOutScores: known.map((scores) => ({ score: scoreOf(scores), label: scores.label, escalated: scores.escalated })),
    compared: {
      first: compare(({ row }) => row.first[0]!),
      second: compare(({ row }) => row.second[inSecond]!),
      "both for every text": compare(({ both }) => both),
      cascade: compare(scoreOf),
    },
  };
}

function compared(scores: number[], labels: number[]): Compared {
  const metrics = computeMetrics(rank(scores, labels), 0.5);
  return {
    auroc: metrics["auroc"]!,
    average_precision: metrics["average_precision"]!,
    recall_at_fpr: metrics["recall_at_fpr.0.01"]!,
  };
}
