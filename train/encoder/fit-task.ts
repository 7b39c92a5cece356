// What a fit is given, where it keeps its state, whom it tells, and what comes out.
import type { EncoderConfig } from "#models/encoder/config";
import type { Tensors } from "#models/encoder/tensors";
import type { TrainingSet } from "./training-set.ts";
import type { TrainingState } from "./training-state.ts";

export interface FitTask {
  config: EncoderConfig;
  /** (L) learned labels, `harmful` first. */
  labels: readonly string[];
  /** First values, by canonical name. */
  initial: Tensors;
  training: TrainingSet;
  /** Stops the fit and chooses its weights; may be empty. */
  calibration: TrainingSet;
  /** (rows of the calibration set) state of label 0. */
  states: ArrayLike<number>;
  padId: number;
  maxTokens: number;
}

export interface FitFiles {
  checkpoint: string;
  log: string;
  /** Of everything that the run hangs on: a checkpoint of another one is refused. */
  fingerprint: string;
  /** Start anew, whatever checkpoint there is. */
  fresh: boolean;
}

export interface FitProgress {
  step: number;
  steps: number;
  epoch: number;
  /** Of the last step. */
  loss: number;
  /** Windows and tokens that are no padding, since the process began. */
  windows: number;
  tokens: number;
  best: TrainingState["best"];
}

export interface FitHooks {
  progress: (progress: FitProgress) => void;
  /** A line for the user. */
  say: (text: string) => void;
  /** Ends the run in good order, with its reason thrown, after a checkpoint. */
  signal?: AbortSignal;
}

export interface FitResult {
  /** Those of the evaluation with the lowest loss; the last ones where there was none. */
  tensors: Tensors;
  steps: number;
  stepsPlanned: number;
  epochs: number;
  best: TrainingState["best"];
  stopped: "epochs" | "patience";
}
