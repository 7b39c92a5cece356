// From fitted weights to what a package holds: calibration folded into the classifier, graphs in each precision, the precision that
// the package opens by default, and the scores of the held-out rows in it.
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { EncoderConfig } from "#models/encoder/config";
import { EncoderScorer } from "#models/encoder/encoder-scorer";
import type { EncoderContents } from "#models/encoder/encoder-files";
import { encoderOnnx } from "#models/encoder/onnx/encoder-onnx";
import { encoderTextOnnx } from "#models/encoder/onnx/text-graph";
import type { TokenizerFiles } from "#models/encoder/open-tokenizer";
import type { Tensor, Tensors } from "#models/encoder/tensors";
import type { EncoderTokenizer } from "#models/encoder/tokenizer";
import { WordVocabulary } from "#models/encoder/vocabulary";
import { aggregatedScores } from "#models/document-score";
import { CordonError } from "#models/errors";
import type { EncoderArchitecture, Manifest, Precision } from "#models/manifest";
import { ENCODER_FILES } from "#models/package-files";
import { HARMFUL } from "#models/taxonomy";
import { auroc, averagePrecision } from "#eval/metrics/ranking-metrics";
import { count, rank } from "#eval/metrics/ranking";
import type { PlattScaling } from "#train/calibration";
import type { ModelLabels, Row } from "#train/label-states";
import { calibrateLabel, knownRows } from "#train/package-figures";
import { type FinetuneOptions, MAX_INT8_DROP } from "./defaults.ts";
import { Turns } from "./turns.ts";

/** Texts that are scored between two turns of the event loop. */
const TEXTS_AT_ONCE = 128;

/** Slope of Platt's scaling beyond which a network has not learned: float32's rounding then shows in the scores, fp16's in the ranking. */
const FLAT_SLOPE = 100;

export interface FittedEncoder {
  config: EncoderConfig;
  tensors: Tensors;
  tokenizer: EncoderTokenizer;
  tokenizerFiles: TokenizerFiles;
  maxTokens: number;
}

export interface FinishedEncoder {
  contents: EncoderContents;
  architecture: EncoderArchitecture;
  calibration: Manifest["calibration"];
  /** (rows) of (labels) probabilities in the default precision; none of training rows. */
  scored: ArrayLike<number>[];
}

/**
 * @param rows all rows: the calibration split calibrates and chooses the precision, the test split measures
 * @param scratch a folder for graphs, made and removed here
 */
export async function finishEncoder(
  fitted: FittedEncoder,
  rows: readonly Row[],
  model: ModelLabels,
  options: Pick<FinetuneOptions, "aggregate" | "precision" | "precisions">,
  about: { name: string; cordonVersion: string },
  scratch: string,
  hooks: { progress: (text: string) => void; say: (text: string) => void; signal?: AbortSignal },
): Promise<FinishedEncoder> {
  const { labels, learned, rules } = model;
  const { config, maxTokens, tokenizer, tokenizerFiles } = fitted;
  const turns = new Turns(hooks.signal);
  const architecture = (precisions: EncoderArchitecture["precisions"], chosen: "fp32" | "int8"): EncoderArchitecture => ({
    kind: "encoder",
    config,
    maxTokens,
    tokenizer: tokenizer.kind,
    rules,
    precisions,
    default: chosen,
  });
  /** (rows) of (labels) probabilities of the rows of some splits, by the very graph that the package will hold; the others' are empty. */
  const scores = async (graph: Uint8Array, precision: "fp32" | "int8", splits: readonly Row["split"][]): Promise<Float64Array[]> => {
    await mkdir(dirname(join(scratch, ENCODER_FILES[precision])), { recursive: true });
    await writeFile(join(scratch, ENCODER_FILES[precision]), graph);
    for (const [name, text] of tokenizerFiles) await writeFile(join(scratch, name), text);
    const loaded = { kind: "encoder", dir: scratch, labels, architecture: architecture({ fp32: {}, [precision]: {} }, precision) } as const;
    const measured = rows.flatMap(({ split }, r) => (splits.includes(split) ? [r] : []));
    const scorer = new EncoderScorer(loaded);
    const out = rows.map(() => new Float64Array(0));
    try {
      for (let from = 0; from < measured.length; from += TEXTS_AT_ONCE) {
        await turns.take();
        const some = measured.slice(from, from + TEXTS_AT_ONCE);
        const found = scorer.scoreTexts(some.map((r) => rows[r]!.example.text));
        some.forEach((r, i) => (out[r] = aggregatedScores(found[i]!, options.aggregate).slice()));
      }
    } finally {
      scorer.close();
    }
    return out;
  };
  const graphOf = (tensors: Tensors, precision: Precision) =>
    encoderOnnx(config, tensors, learned, { precision, name: about.name, version: about.cordonVersion });

  try {
    hooks.progress("calibrating");
    const raw = await scores(graphOf(fitted.tensors, "fp32"), "fp32", ["calibration"]);
    const { tensors, reports } = calibrated(fitted.tensors, rows, raw, model);
    const flat = learned.filter((label) => Math.abs(reports[label]!.slope) > FLAT_SLOPE);
    if (flat.length > 0) {
      hooks.say(`the network scores all texts nearly alike, and calibration blows up the rounding (${flat.join(", ")})`);
      hooks.say("it has learned next to nothing: try another --learning-rate, or more --epochs");
    }

    hooks.progress("measuring precisions");
    const fp32 = graphOf(tensors, "fp32");
    const wantsInt8 = options.precisions.includes("int8") || options.precision === "int8";
    const int8 = wantsInt8 ? graphOf(tensors, "int8") : undefined;
    const full = await scores(fp32, "fp32", ["calibration", "test"]);
    const small = int8 === undefined ? undefined : await scores(int8, "int8", ["calibration", "test"]);
    const chosen = options.precision === "auto" ? precisionOf(rows, full, small, hooks.say) : options.precision;

    const fp16 = options.precisions.includes("fp16") ? halfGraph(() => graphOf(tensors, "fp16"), hooks.say) : undefined;
    // Strings in: of what stock operators can tokenise.
    const text =
      tokenizer instanceof WordVocabulary
        ? encoderTextOnnx(
            { config, tensors, labels, rules, vocabulary: tokenizer, maxTokens },
            { name: about.name, version: about.cordonVersion },
          )
        : undefined;
    const precisions: EncoderArchitecture["precisions"] = {
      fp32: figures(rows, full),
      ...(small && { int8: figures(rows, small) }),
      ...(fp16 && { fp16: {} }),
    };
    return {
      contents: {
        tensors,
        tokenizer: tokenizerFiles,
        graphs: { fp32, ...(int8 && { int8 }), ...(fp16 && { fp16 }), ...(text && { text }) },
      },
      architecture: architecture(precisions, chosen),
      calibration: reports,
      scored: chosen === "int8" ? small! : full,
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/** The graph in fp16; undefined, with a line said, where the weights do not fit in it. */
function halfGraph(make: () => Uint8Array, say: (text: string) => void): Uint8Array | undefined {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof CordonError)) throw error;
    say(`no graph in fp16: ${error.message}`);
    return undefined;
  }
}

/** int8, unless it loses too much of the AUROC of `harmful` on the calibration split, or that cannot be measured. */
function precisionOf(
  rows: readonly Row[],
  full: readonly Float64Array[],
  small: readonly Float64Array[] | undefined,
  say: (text: string) => void,
): "fp32" | "int8" {
  const before = harmfulRanking(rows, full, "calibration").auroc;
  const after = small === undefined ? null : harmfulRanking(rows, small, "calibration").auroc;
  if (before === null || after === null) return "fp32";
  if (before - after <= MAX_INT8_DROP) return "int8";
  say(`the package opens fp32 by default: int8 loses ${(before - after).toFixed(4)} AUROC on the calibration split, over ${MAX_INT8_DROP}`);
  return "fp32";
}

/** Platt scaling of each learned label, folded into its row of the classifier, so that logits are calibrated wherever they are computed. */
function calibrated(
  tensors: Tensors,
  rows: readonly Row[],
  scored: readonly Float64Array[],
  { labels, learned, rules }: ModelLabels,
): { tensors: Tensors; reports: Manifest["calibration"] } {
  const weight = copy(tensors.get("classifier.weight")!);
  const bias = copy(tensors.get("classifier.bias")!);
  const width = weight.data.length / learned.length;
  const reports: Manifest["calibration"] = {};
  for (const [index, label] of labels.entries()) {
    const { platt, report } = calibrateLabel(knownRows(rows, scored, label, index, "calibration"), label in rules);
    reports[label] = report;
    if (platt !== null)
      fold(platt, weight.data.subarray(learned.indexOf(label) * width).subarray(0, width), bias.data, learned.indexOf(label));
  }
  return { tensors: new Map([...tensors]).set("classifier.weight", weight).set("classifier.bias", bias), reports };
}

function fold({ slope, intercept }: PlattScaling, row: Float32Array, bias: Float32Array, index: number): void {
  for (let k = 0; k < row.length; k++) row[k]! *= slope;
  bias[index] = bias[index]! * slope + intercept;
}

function copy({ shape, data }: Tensor): Tensor {
  return { shape, data: data.slice() };
}

function figures(rows: readonly Row[], scored: readonly Float64Array[]): Record<string, number | null> {
  const calibration = harmfulRanking(rows, scored, "calibration");
  const test = harmfulRanking(rows, scored, "test");
  return { calibration_auroc: calibration.auroc, auroc: test.auroc, average_precision: test.averagePrecision };
}

function harmfulRanking(rows: readonly Row[], scored: readonly Float64Array[], split: "calibration" | "test") {
  const { scores, labels } = knownRows(rows, scored, HARMFUL, 0, split);
  const counts = count(rank(scores, labels));
  const round = (x: number | null) => (x === null ? null : Math.round(x * 1e6) / 1e6);
  return { auroc: round(auroc(counts)), averagePrecision: round(averagePrecision(counts)) };
}
