// What `cordon finetune` does unless told otherwise: one table for a pretrained encoder, one for a network from scratch, and the
// sizes of the latter.
import { type Aggregate, PRECISIONS, type Precision } from "#models/manifest";
import type { ThresholdRule } from "#train/operating-points";
import type { Schedule } from "./schedule.ts";
import type { TargetOptions } from "./targets.ts";

/** How an encoder is fitted. */
export interface FitOptions {
  seed: number;
  /** Passes over the training windows at most. */
  epochs: number;
  /** Windows whose gradients make one step. */
  batchSize: number;
  /** Padded tokens that go through the network at once; a batch of more goes in parts, whose gradients are added up. */
  microTokens: number;
  /** Of the head and the last layer, at the end of the warm-up. */
  learningRate: number;
  /** Share of all steps in which the rate rises. */
  warmup: number;
  schedule: Schedule;
  /** What each layer further down learns, relative to the one above it. */
  layerDecay: number;
  weightDecay: number;
  beta1: number;
  beta2: number;
  epsilon: number;
  /** Largest norm of a step's gradient; 0 for any. */
  clip: number;
  /** Evaluations on the calibration split without a lower loss after which training stops; 0 for never. */
  patience: number;
  /** Evaluations in each epoch. */
  evaluations: number;
  /** Steps between two lines of the log. */
  logEvery: number;
  /** Steps between two checkpoints; 0 for evaluations alone. */
  checkpointEvery: number;
}

export interface FinetuneOptions extends FitOptions, TargetOptions {
  /** `all`: harmful and every category with enough positives; `harmful`: that alone. */
  labels: "all" | "harmful";
  aggregate: Aggregate;
  /** Of the label `harmful`, by which a text is detected. */
  thresholdRule: ThresholdRule;
  /** Tokens of a window, special ones included. */
  maxTokens: number;
  /** Windows of a long text that are trained on, spread evenly over it. */
  windowsPerText: number;
  /** Of every dropout in the network; null leaves those of the checkpoint's config. */
  dropout: number | null;
  /** What a teacher's probability counts beside a known label, 0 to 1. */
  teacherWeight: number;
  /** Of the package: what is opened unless another one is asked for; auto takes int8 where it costs no quality. */
  precision: "auto" | "fp32" | "int8";
  /** ONNX files that are written, fp32 always. */
  precisions: readonly Precision[];
}

/** int8 is the default precision of a package only where it loses no more AUROC than this on the calibration split. */
export const MAX_INT8_DROP = 0.003;

const COMMON = {
  seed: 1,
  labels: "all",
  aggregate: "max",
  thresholdRule: { kind: "fpr", value: 0.01 },
  windowsPerText: 6,
  sourceCap: 0,
  sourceWeights: {},
  classPower: 0,
  harmfulWeight: 0.5,
  softLabels: true,
  teacherWeight: 0.5,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  clip: 1,
  logEvery: 10,
  checkpointEvery: 200,
  precision: "auto",
  precisions: PRECISIONS,
} as const satisfies Partial<FinetuneOptions>;

/** From a checkpoint with pretrained weights. */
export const PRETRAINED_DEFAULTS: FinetuneOptions = {
  ...COMMON,
  maxTokens: 256,
  epochs: 3,
  batchSize: 32,
  microTokens: 8192,
  learningRate: 5e-5,
  warmup: 0.1,
  schedule: "linear",
  layerDecay: 0.95,
  weightDecay: 0.01,
  smoothing: 0,
  dropout: null,
  patience: 3,
  evaluations: 2,
};

/** From random weights, or word vectors. */
export const SCRATCH_DEFAULTS: FinetuneOptions = {
  ...COMMON,
  maxTokens: 128,
  epochs: 8,
  batchSize: 64,
  microTokens: 8192,
  learningRate: 3e-3,
  warmup: 0.05,
  schedule: "cosine",
  layerDecay: 1,
  weightDecay: 0.01,
  smoothing: 0.05,
  dropout: 0.2,
  patience: 2,
  evaluations: 1,
};

/** Passes over the texts in which the word vectors of a network from scratch are learned. */
export const VECTOR_EPOCHS = 3;

/** A network from scratch: token embeddings, pooled windows of them, a few layers. */
export interface ScratchSize {
  /** Words of the vocabulary at most; a word must occur `minCount` times in the training split. */
  vocabulary: number;
  minCount: number;
  /** Rows of the table that words outside the vocabulary share, by their hash. */
  oovBuckets: number;
  embeddingSize: number;
  /** Tokens of a pooled window, and from one window's start to the next's. */
  window: number;
  stride: number;
  hiddenSize: number;
  layers: number;
  heads: number;
  intermediateSize: number;
}

export const SIZES = {
  tiny: {
    vocabulary: 5_000,
    minCount: 2,
    oovBuckets: 256,
    embeddingSize: 32,
    window: 4,
    stride: 2,
    hiddenSize: 32,
    layers: 1,
    heads: 2,
    intermediateSize: 64,
  },
  /** No layer: words pooled over the text. */
  bag: {
    vocabulary: 60_000,
    minCount: 2,
    oovBuckets: 4_096,
    embeddingSize: 100,
    window: 1,
    stride: 1,
    hiddenSize: 128,
    layers: 0,
    heads: 4,
    intermediateSize: 512,
  },
  small: {
    vocabulary: 60_000,
    minCount: 2,
    oovBuckets: 4_096,
    embeddingSize: 100,
    window: 4,
    stride: 2,
    hiddenSize: 128,
    layers: 1,
    heads: 4,
    intermediateSize: 512,
  },
  medium: {
    vocabulary: 60_000,
    minCount: 2,
    oovBuckets: 4_096,
    embeddingSize: 200,
    window: 1,
    stride: 1,
    hiddenSize: 256,
    layers: 4,
    heads: 8,
    intermediateSize: 1_024,
  },
} as const satisfies Record<string, ScratchSize>;

export type Size = keyof typeof SIZES;
