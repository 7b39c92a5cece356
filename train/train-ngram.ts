// Trains the n-gram model: examples → features → one logistic regression a label → integers → calibration → thresholds.
// The same examples, options and revision give the same bytes.
import type { Example, Split } from "#datasets/example";
import { aggregatedScores } from "#models/document-score";
import type { Aggregate, Manifest, ManifestDraft, NgramArchitecture } from "#models/manifest";
import type { NgramFeatures } from "#models/ngram/features";
import type { NgramModel } from "#models/ngram/model";
import { NgramScorer } from "#models/ngram/scorer";
import { BLOCK_TOKENS } from "#models/text/token-stream";
import { type BalanceOptions, positiveWeight, sourceWeights } from "./balance.ts";
import { type DesignMatrix, designMatrix } from "./design-matrix.ts";
import { fitLabels } from "./fit-labels.ts";
import { type Row, dataHash, modelLabels, positivesOf, splitRows, stateOf } from "./label-states.ts";
import type { LogisticFit, LogisticOptions } from "./logistic.ts";
import type { ThresholdRule } from "./operating-points.ts";
import { calibrateLabel, knownRows, packageFigures } from "./package-figures.ts";
import { quantizeModel } from "./quantize.ts";

export interface TrainOptions extends LogisticOptions, BalanceOptions {
  features: NgramFeatures;
  /** `all`: harmful and every category with enough positives; `harmful`: that alone. */
  labels: "all" | "harmful";
  minCount: number;
  aggregate: Aggregate;
  /** Of the label `harmful`, by which a text is detected. */
  thresholdRule: ThresholdRule;
}

export const TRAIN_DEFAULTS: TrainOptions = {
  features: { bits: 20, charNgrams: null },
  labels: "all",
  seed: 1,
  epochs: 8,
  learningRate: 0.3,
  l2: 1e-6,
  minCount: 2,
  sourceCap: 0,
  sourceWeights: {},
  classPower: 0,
  aggregate: "max",
  thresholdRule: { kind: "fpr", value: 0.01 },
};

export interface TrainResult {
  model: NgramModel;
  manifest: ManifestDraft & { architecture: NgramArchitecture };
}

/** @throws CordonError data/too-few-examples */
export async function trainNgram(
  examples: readonly Example[],
  options: TrainOptions,
  about: { name: string; description: string; cordonVersion: string; gitRevision: string },
  progress: (text: string) => void = () => {},
): Promise<TrainResult> {
  const rows = splitRows(examples);
  const inTraining = (row: Row) => row.split === "train";
  progress(`reading ${rows.length} examples`);
  const matrix = designMatrix(
    rows.map((r) => r.example.text),
    (i) => inTraining(rows[i]!),
    options.features,
    options.minCount,
  );
  const { learned, labels, rules } = modelLabels(rows, options.labels);

  const weights = sourceWeights(
    rows.map((r) => r.example.source ?? ""),
    options,
  );
  const tasks = learned.map((label) => labelTask(label, rows, matrix, weights, options));
  const fits = await fitLabels(matrix, tasks, options, (done, label) => progress(`fitted ${done} of ${tasks.length} labels (${label})`));
  const raw = quantizeModel(
    matrix,
    options.features,
    labels,
    new Map(learned.map((label, i): [string, LogisticFit] => [label, fits[i]!])),
    rules,
  );

  progress("calibrating");
  const calibration = calibrate(
    raw,
    options.aggregate,
    rows.filter((r) => r.split === "calibration"),
  );
  const model = calibration.model;
  const figures = packageFigures(rows, scoreRows(model, options.aggregate, rows), { labels, rules }, options.thresholdRule);
  const { seed, ...rest } = options;
  return {
    model,
    manifest: {
      ...about,
      architecture: {
        kind: "ngram",
        bits: options.features.bits,
        charNgrams: options.features.charNgrams,
        blockTokens: BLOCK_TOKENS,
        rules,
      },
      labels,
      aggregate: options.aggregate,
      thresholds: figures.thresholds,
      operatingPoints: figures.operatingPoints,
      calibration: calibration.reports,
      training: {
        dataSha256: dataHash(rows),
        examples: rows.length,
        positives: positivesOf(rows, labels),
        gitRevision: about.gitRevision,
        seed,
        options: { ...rest, epochsUsed: Object.fromEntries(learned.map((label, i) => [label, fits[i]!.epochs])) },
      },
      heldOut: figures.heldOut,
    },
  };
}

/** Target and weight of every window for one label; windows of the calibration split are for validation. */
function labelTask(label: string, rows: readonly Row[], matrix: DesignMatrix, sourceWeight: Float32Array, options: TrainOptions) {
  const target = new Int8Array(matrix.rows);
  const weight = new Float32Array(matrix.rows);
  const states = rows.map((r) => stateOf(r.example, label));
  let positives = 0;
  let negatives = 0;
  rows.forEach((row, i) => {
    if (row.split !== "train") return;
    if (states[i] === 1) positives += sourceWeight[i]!;
    else if (states[i] === 0) negatives += sourceWeight[i]!;
  });
  const heavier = positiveWeight(positives, negatives, options.classPower);
  const sign: Record<Split, number> = { train: 1, calibration: -1, test: 0 };
  for (let w = 0; w < matrix.rows; w++) {
    const i = matrix.example[w]!;
    target[w] = states[i]!;
    weight[w] = sign[rows[i]!.split] * sourceWeight[i]! * matrix.share[w]! * (states[i] === 1 ? heavier : 1);
  }
  return { label, target, weight };
}

/** Probabilities per label, as the package will aggregate them; none of training rows. */
function scoreRows(model: NgramModel, aggregate: Aggregate, rows: readonly Row[]): Float64Array[] {
  const scorer = new NgramScorer(model);
  return rows.map(({ example, split }) =>
    split === "train" ? new Float64Array(0) : aggregatedScores(scorer.scoreText(example.text), aggregate).slice(),
  );
}

function calibrate(raw: NgramModel, aggregate: Aggregate, rows: readonly Row[]): { model: NgramModel; reports: Manifest["calibration"] } {
  const scorer = new NgramScorer(raw);
  const scores = rows.map((r) => aggregatedScores(scorer.scoreText(r.example.text), aggregate).slice());
  const slope = raw.slope.slice();
  const intercept = raw.intercept.slice();
  const reports: Manifest["calibration"] = {};
  for (const [index, label] of raw.labels.entries()) {
    const { platt, report } = calibrateLabel(knownRows(rows, scores, label, index, "calibration"), label in raw.rules);
    if (platt !== null) {
      slope[index] = slope[index]! * platt.slope;
      intercept[index] = intercept[index]! * platt.slope + platt.intercept;
    }
    reports[label] = report;
  }
  return { model: { ...raw, slope, intercept }, reports };
}
