// What each step of a fit is: its batch, its learning rate, its epoch, and whether an evaluation follows. All of it hangs on the
// seed and the step's number alone.
import { type Batch, shuffledBatches } from "#models/encoder/batches";
import { Random } from "#models/random";
import type { FitOptions } from "./defaults.ts";
import { rateAt } from "./schedule.ts";
import type { TrainingSet } from "./training-set.ts";

export class FitPlan {
  readonly stepsPerEpoch: number;
  /** Planned: a fit may stop earlier. */
  readonly steps: number;
  readonly #training: TrainingSet;
  readonly #options: FitOptions;
  #epoch: { epoch: number; batches: Batch[] } | null = null;

  constructor(training: TrainingSet, options: FitOptions) {
    this.#training = training;
    this.#options = options;
    this.stepsPerEpoch = this.#batchesOf(0).length;
    this.steps = this.stepsPerEpoch * options.epochs;
  }

  /** Windows of a step. @param step from 0 */
  windowsOf(step: number): Int32Array {
    return this.#batchesOf(Math.floor(step / this.stepsPerEpoch))[step % this.stepsPerEpoch]!.rows;
  }

  /** Learning rate of a step. @param step from 0 */
  learningRate(step: number): number {
    const { learningRate, warmup, schedule } = this.#options;
    return learningRate * rateAt(step, this.steps, warmup, schedule);
  }

  /** 1 for the first. @param step done */
  epochOf(step: number): number {
    return Math.ceil(step / this.stepsPerEpoch);
  }

  /** Whether an evaluation is due once `step` steps are done: at even distances, and at the end of each epoch. */
  evaluatesAfter(step: number): boolean {
    const within = step % this.stepsPerEpoch;
    const every = Math.ceil(this.stepsPerEpoch / this.#options.evaluations);
    return within === 0 || (within % every === 0 && this.stepsPerEpoch - within >= every / 2);
  }

  #batchesOf(epoch: number): Batch[] {
    if (this.#epoch?.epoch !== epoch) {
      const random = new Random(this.#options.seed, `epoch ${epoch}`);
      const limits = { budget: Number.POSITIVE_INFINITY, maxRows: this.#options.batchSize, random };
      this.#epoch = { epoch, batches: shuffledBatches(this.#training.lengths, limits) };
    }
    return this.#epoch.batches;
  }
}
