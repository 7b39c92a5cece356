// Trains the n-gram model: examples → features → one logistic regression a label → integers → calibration → thresholds.
// The same examples, options and revision give the same bytes.
import { createHash } from "node:crypto";
import type { Example, LabelState, Split } from "#datasets/example";
import { categoryState } from "#datasets/example";
import { splitOf } from "#datasets/splits";
import { auroc, averagePrecision } from "#eval/metrics/ranking-metrics";
import { brierLoss, expectedCalibrationError } from "#eval/metrics/calibration";
import { count, rank } from "#eval/metrics/ranking";
import { CordonError } from "#models/errors";
import type { Aggregate, Manifest } from "#models/manifest";
import type { NgramFeatures } from "#models/ngram/features";
import type { NgramModel } from "#models/ngram/model";
import { NgramScorer, aggregatedScores } from "#models/ngram/scorer";
import { MINOR_WORDS } from "#models/minor-words";
import { CATEGORY_IDS, type CategoryId, HARMFUL } from "#models/taxonomy";
import { BLOCK_TOKENS } from "#models/text/token-stream";
import { type BalanceOptions, positiveWeight, sourceWeights } from "./balance.ts";
import { type PlattScaling, fitPlatt } from "./calibration.ts";
import { type DesignMatrix, designMatrix } from "./design-matrix.ts";
import { fitLabels } from "./fit-labels.ts";
import { withoutHalfPairs } from "./half-pairs.ts";
import type { LogisticFit, LogisticOptions } from "./logistic.ts";
import { type ThresholdRule, chooseThreshold, operatingPoints } from "./operating-points.ts";
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

/** A category with fewer positives, or fewer negatives, in the training split gets no label of its own. */
const MIN_ROWS = 30;
/** Of the categories, which name what was detected. */
const CATEGORY_RULE: ThresholdRule = { kind: "fpr", value: 0.01 };
/** The label that no text is written for: see docs/handling.md. */
const RULES = { "child-exploitation": { of: "sexual-content", words: MINOR_WORDS } } as const;

export interface TrainResult {
  model: NgramModel;
  manifest: Omit<Manifest, "files" | "format">;
}

/** @throws CordonError data/too-few-examples */
export async function trainNgram(
  examples: readonly Example[],
  options: TrainOptions,
  about: { name: string; description: string; cordonVersion: string; gitRevision: string },
  progress: (text: string) => void = () => {},
): Promise<TrainResult> {
  const rows = withoutHalfPairs(examples).flatMap((example): Row[] => {
    const split = splitOf(example);
    return split === null ? [] : [{ example, split }];
  });
  refuseOneClass(rows);
  const inTraining = (row: Row) => row.split === "train";
  progress(`reading ${rows.length} examples`);
  const matrix = designMatrix(
    rows.map((r) => r.example.text),
    (i) => inTraining(rows[i]!),
    options.features,
    options.minCount,
  );
  const learned = learnedLabels(rows.filter(inTraining), options.labels);
  const rules = learned.includes("sexual-content") ? mutable(RULES) : {};
  const labels = [HARMFUL, ...CATEGORY_IDS.filter((id) => learned.includes(id) || Object.hasOwn(rules, id))];

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
  const scored = scoreRows(model, options.aggregate, rows);
  const points: Manifest["operatingPoints"] = {};
  const thresholds: Manifest["thresholds"] = {};
  const heldOut: Manifest["heldOut"] = {};
  for (const [index, label] of labels.entries()) {
    const held = known(rows, scored, label, index, "calibration");
    points[label] = operatingPoints(held.scores, held.labels);
    thresholds[label] = chooseThreshold(index === 0 ? options.thresholdRule : CATEGORY_RULE, held.scores, held.labels);
    heldOut[label] = metrics(known(rows, scored, label, index, "test"));
  }
  // A label that follows from another is detected where that one is.
  for (const [label, { of }] of Object.entries(rules)) thresholds[label] = { threshold: thresholds[of]!.threshold, rule: `that of ${of}` };
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
      thresholds,
      operatingPoints: points,
      calibration: calibration.reports,
      training: {
        dataSha256: dataHash(rows),
        examples: rows.length,
        positives: Object.fromEntries(labels.map((label) => [label, rows.filter((r) => stateOf(r.example, label) === 1).length])),
        gitRevision: about.gitRevision,
        seed,
        options: { ...rest, epochsUsed: Object.fromEntries(learned.map((label, i) => [label, fits[i]!.epochs])) },
      },
      heldOut,
    },
  };
}

interface Row {
  example: Example;
  split: Split;
}

/** State of a model's label in an example: `harmful` is the example's label. */
export function stateOf(example: Example, label: string): LabelState {
  return label === HARMFUL ? example.label : categoryState(example, label as CategoryId);
}

function refuseOneClass(rows: readonly Row[]): void {
  for (const label of [0, 1]) {
    const n = rows.filter((r) => r.split === "train" && r.example.label === label).length;
    if (n >= 2) continue;
    throw new CordonError(
      "data/too-few-examples",
      `${n} ${label ? "harmful" : "harmless"} examples in the training split, at least 2 are needed`,
      {
        hint: "add data of that label",
      },
    );
  }
}

function learnedLabels(training: readonly Row[], which: "all" | "harmful"): string[] {
  if (which === "harmful") return [HARMFUL];
  const rowsOf = (id: CategoryId, state: LabelState) => training.filter((r) => categoryState(r.example, id) === state).length;
  const enough = (id: CategoryId) => rowsOf(id, 1) >= MIN_ROWS && rowsOf(id, 0) >= MIN_ROWS;
  return [HARMFUL, ...CATEGORY_IDS.filter((id) => !Object.hasOwn(RULES, id) && enough(id))];
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

/** The rows of a split whose label is known. */
function known(
  rows: readonly Row[],
  scored: readonly Float64Array[],
  label: string,
  index: number,
  split: Split,
): { scores: number[]; labels: number[] } {
  const scores: number[] = [];
  const labels: number[] = [];
  rows.forEach((row, i) => {
    const state = row.split === split ? stateOf(row.example, label) : -1;
    if (state < 0) return;
    scores.push(scored[i]![index]!);
    labels.push(state);
  });
  return { scores, labels };
}

function calibrate(raw: NgramModel, aggregate: Aggregate, rows: readonly Row[]): { model: NgramModel; reports: Manifest["calibration"] } {
  const scorer = new NgramScorer(raw);
  const scores = rows.map((r) => aggregatedScores(scorer.scoreText(r.example.text), aggregate).slice());
  const slope = raw.slope.slice();
  const intercept = raw.intercept.slice();
  const reports: Manifest["calibration"] = {};
  for (const [index, label] of raw.labels.entries()) {
    const logits: number[] = [];
    const labels: number[] = [];
    rows.forEach((row, i) => {
      const state = stateOf(row.example, label);
      if (state < 0) return;
      const p = Math.min(1 - 1e-15, Math.max(1e-15, scores[i]![index]!));
      logits.push(Math.log(p / (1 - p)));
      labels.push(state);
    });
    const platt: PlattScaling | null = label in raw.rules ? null : fitPlatt(logits, labels);
    if (platt !== null) {
      slope[index] = slope[index]! * platt.slope;
      intercept[index] = intercept[index]! * platt.slope + platt.intercept;
    }
    const positives = labels.reduce((sum, y) => sum + y, 0);
    reports[label] = {
      method: platt === null ? "none" : "platt",
      slope: platt?.slope ?? 1,
      intercept: platt?.intercept ?? 0,
      rows: labels.length,
      positives,
    };
  }
  return { model: { ...raw, slope, intercept }, reports };
}

function metrics({ scores, labels }: { scores: number[]; labels: number[] }): Record<string, number | null> {
  if (scores.length === 0) return { rows: 0 };
  const ranked = rank(scores, labels);
  const counts = count(ranked);
  const round = (x: number | null) => (x === null ? null : Math.round(x * 1e6) / 1e6);
  return {
    rows: scores.length,
    positives: labels.reduce((sum, y) => sum + y, 0),
    auroc: round(auroc(counts)),
    average_precision: round(averagePrecision(counts)),
    brier: round(brierLoss(ranked)),
    ece: round(expectedCalibrationError(ranked)),
  };
}

/** Of every row that is trained, calibrated or measured on, with its split and labels, in order. */
function dataHash(rows: readonly Row[]): string {
  const hash = createHash("sha256");
  for (const { example, split } of rows)
    hash.update(JSON.stringify([example.text, example.label, example.categories, example.unknown, split]));
  return hash.digest("hex");
}

function mutable(rules: typeof RULES): Record<string, { of: string; words: string[] }> {
  return Object.fromEntries(Object.entries(rules).map(([label, { of, words }]) => [label, { of, words: [...words] }]));
}
