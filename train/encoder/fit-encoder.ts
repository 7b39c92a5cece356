// Fits an encoder: epochs of length-bucketed batches, AdamW, evaluations on the calibration split with early stopping, checkpoints.
// What a step does hangs on the seed, its number and the state alone, so a run that was killed and started again gives the same
// bytes as one that was not (on the back ends that are deterministic themselves).
import { rm } from "node:fs/promises";
import { expectedTensors } from "#models/encoder/tensor-names";
import type { Tensors } from "#models/encoder/tensors";
import { CordonError } from "#models/errors";
import type { Backend } from "#train/tensor/backend";
import { watchDevice } from "#train/tensor/device-errors";
import { reopenBackend } from "#train/tensor/reopen";
import type { FitOptions } from "./defaults.ts";
import { evaluateSet } from "./evaluate-set.ts";
import { FitPlan } from "./fit-plan.ts";
import type { FitFiles, FitHooks, FitResult, FitTask } from "./fit-task.ts";
import { outOfMemory, smallerParts } from "./out-of-memory.ts";
import { Trainer } from "./trainer.ts";
import { TrainingLog } from "./training-log.ts";
import { microBatches, weightOf } from "./training-set.ts";
import { type HostArrays, type TrainingState, loadTrainingState, saveTrainingState } from "./training-state.ts";
import { Turns } from "./turns.ts";

/** @throws CordonError train/other-run, train/diverged, train/out-of-memory, data/unreadable */
export async function fitEncoder(
  task: FitTask,
  options: FitOptions,
  backend: Backend,
  files: FitFiles,
  hooks: FitHooks,
): Promise<FitResult> {
  const run = await FitRun.open(task, options, backend, files, hooks).catch((cause: unknown) => {
    if (outOfMemory(cause) === null) throw cause;
    throw new CordonError("train/out-of-memory", `the network does not fit into the memory of ${backend.device}`, {
      hint: "take a smaller one or another --backend",
      cause,
    });
  });
  try {
    return await run.fit();
  } finally {
    run.close();
  }
}

const WEIGHT = "value/";
const BEST = "best/";

class FitRun {
  readonly #task: FitTask;
  readonly #options: FitOptions;
  readonly #backend: Backend;
  readonly #files: FitFiles;
  readonly #hooks: FitHooks;
  readonly #log: TrainingLog;
  readonly #turns: Turns;
  readonly #plan: FitPlan;
  #state: TrainingState;
  #trainer: Trainer;
  #best: Tensors | null = null;
  #deviceError: () => Error | null;
  #seen = { windows: 0, tokens: 0 };

  private constructor(
    parts: { task: FitTask; options: FitOptions; backend: Backend; files: FitFiles; hooks: FitHooks },
    saved: Awaited<ReturnType<typeof loadTrainingState>>,
  ) {
    const { task, options, backend, files, hooks } = parts;
    this.#task = task;
    this.#options = options;
    this.#backend = backend;
    this.#files = files;
    this.#hooks = hooks;
    this.#turns = new Turns(hooks.signal);
    this.#plan = new FitPlan(task.training, options);
    this.#log = new TrainingLog(files.log, saved?.state.logBytes ?? 0);
    this.#state = saved?.state ?? this.#firstState();
    this.#trainer = this.#newTrainer(saved?.arrays);
    this.#deviceError = watchDevice();
    if (this.#log.bytes === 0) this.#writeStart();
  }

  static async open(task: FitTask, options: FitOptions, backend: Backend, files: FitFiles, hooks: FitHooks): Promise<FitRun> {
    if (files.fresh) await rm(files.checkpoint, { force: true });
    const saved = await loadTrainingState(files.checkpoint);
    if (saved !== null && saved.state.fingerprint !== files.fingerprint) {
      throw new CordonError("train/other-run", "the checkpoint is of other data, options or weights", {
        where: files.checkpoint,
        hint: "start anew with --fresh, or go on with the options of that run",
      });
    }
    if (saved !== null) hooks.say(`going on from the checkpoint at step ${saved.state.step}`);
    return new FitRun({ task, options, backend, files, hooks }, saved);
  }

  async fit(): Promise<FitResult> {
    let stopped: FitResult["stopped"] | null = null;
    while (stopped === null) {
      try {
        stopped = await this.#advance();
      } catch (error) {
        const { signal } = this.#hooks;
        if (signal?.aborted && error === signal.reason) await this.#checkpoint();
        throw error;
      }
    }
    const { step, best } = this.#state;
    this.#log.write({ kind: "end", step, because: stopped, bestStep: best?.step ?? step });
    return {
      tensors: this.#best ?? (await this.#trainer.weights()),
      steps: step,
      stepsPlanned: this.#plan.steps,
      epochs: this.#plan.epochOf(step),
      best,
      stopped,
    };
  }

  close(): void {
    this.#log.close();
    this.#trainer.dispose();
  }

  /** An evaluation where one is due, else a step. @returns why the run is over, or null */
  async #advance(): Promise<FitResult["stopped"] | null> {
    const { patience, logEvery, checkpointEvery } = this.#options;
    await this.#turns.take();
    if (this.#evaluationDue()) {
      if (await this.#attempt(() => this.#evaluate())) await this.#checkpoint();
      return null;
    }
    if (this.#state.step >= this.#plan.steps) return "epochs";
    if (patience > 0 && this.#state.sinceBest >= patience) return "patience";
    if (!(await this.#attempt(() => this.#step()))) return null;
    const { step } = this.#state;
    if (step % logEvery === 0 || step === this.#plan.steps) this.#writeStep();
    if (checkpointEvery > 0 && step % checkpointEvery === 0 && !this.#evaluationDue()) await this.#checkpoint();
    return null;
  }

  async #step(): Promise<void> {
    const task = this.#task;
    const state = this.#state;
    const rows = this.#plan.windowsOf(state.step);
    const parts = microBatches(task.training, rows, { microTokens: state.microTokens, padId: task.padId, maxTokens: task.maxTokens });
    const weight = weightOf(task.training, rows);
    const loss = await this.#trainer.step(parts, weight, state.step, this.#plan.learningRate(state.step), this.#turns);
    this.#throwDeviceError();
    if (!Number.isFinite(loss)) throw diverged(state.step + 1);
    const tokens = parts.reduce((sum, part) => sum + part.tokens, 0);
    const { pending } = state;
    this.#state = {
      ...state,
      step: state.step + 1,
      tokens: state.tokens + tokens,
      pending: { loss: pending.loss + loss * weight, weight: pending.weight + weight },
    };
    this.#seen = { windows: this.#seen.windows + rows.length, tokens: this.#seen.tokens + tokens };
    const { step, best } = this.#state;
    this.#hooks.progress({ step, steps: this.#plan.steps, epoch: this.#plan.epochOf(step), loss, ...this.#seen, best });
  }

  async #evaluate(): Promise<void> {
    const task = this.#task;
    const { microTokens } = this.#state;
    const { padId, maxTokens } = task;
    const sizes = { microTokens, padId, maxTokens };
    const { loss, auroc } = await evaluateSet(this.#trainer.network, task.calibration, task.states, sizes, this.#turns);
    this.#throwDeviceError();
    const state = this.#state;
    if (!Number.isFinite(loss)) throw diverged(state.step);
    const better = state.best === null || loss < state.best.loss;
    if (better) this.#best = await this.#trainer.weights();
    this.#state = {
      ...state,
      evaluated: state.step,
      best: better ? { step: state.step, loss, auroc } : state.best,
      sinceBest: better ? 0 : state.sinceBest + 1,
    };
    this.#log.write({
      kind: "evaluation",
      step: state.step,
      epoch: this.#plan.epochOf(state.step),
      calibrationLoss: loss,
      calibrationAuroc: auroc,
      best: better,
    });
  }

  /** Does `work`, again with smaller parts where memory does not suffice. @returns false where the run was set back instead */
  async #attempt(work: () => Promise<void>): Promise<boolean> {
    for (;;) {
      try {
        await work();
        return true;
      } catch (thrown) {
        // A device tells of its loss by an event, a little after the operations that fail for it.
        await new Promise((resolve) => setImmediate(resolve));
        const error = this.#deviceError() ?? thrown;
        const found = outOfMemory(error);
        if (found === null) throw error;
        const kind = this.#trainer.torn ? "broken" : found;
        const microTokens = smallerParts(this.#task, this.#options.batchSize, this.#state.microTokens, this.#backend.device, error);
        const before = this.#state.step;
        await this.#reopen(kind);
        this.#state = { ...this.#state, microTokens };
        const { step } = this.#state;
        this.#log.write({ kind: "out-of-memory", step, microTokens });
        const back = step < before ? `, back to step ${step}` : "";
        this.#hooks.say(`out of memory: batches go through in parts of ${microTokens} tokens from here on, their size stays${back}`);
        if (kind === "broken") return false;
      }
    }
  }

  /** A new back end with the weights of now, or where they cannot be trusted those of the last checkpoint. */
  async #reopen(kind: "clean" | "broken"): Promise<void> {
    let arrays: HostArrays | undefined;
    if (kind === "clean") arrays = await this.#arrays();
    else {
      const saved = await loadTrainingState(this.#files.checkpoint).catch(() => null);
      const usable = saved?.state.fingerprint === this.#files.fingerprint && saved.state.step <= this.#state.step ? saved : null;
      arrays = usable?.arrays;
      this.#state = usable?.state ?? this.#firstState();
      this.#best = null;
      this.#log.rewind(this.#state.logBytes);
      if (usable === null) this.#writeStart();
    }
    this.#trainer.dispose();
    await reopenBackend(this.#backend.name);
    this.#deviceError = watchDevice();
    this.#trainer = this.#newTrainer(arrays);
  }

  #newTrainer(arrays: HostArrays | undefined): Trainer {
    const { config, labels, initial } = this.#task;
    if (arrays === undefined) return new Trainer(config, labels, initial, this.#options);
    const shaped = (prefix: string): Tensors =>
      new Map([...expectedTensors(config, labels.length)].map(([name, shape]) => [name, { shape, data: arrays.get(prefix + name)! }]));
    if (this.#state.best !== null) this.#best = shaped(BEST);
    return new Trainer(config, labels, shaped(WEIGHT), this.#options, arrays);
  }

  async #checkpoint(): Promise<void> {
    this.#log.sync();
    this.#state = { ...this.#state, logBytes: this.#log.bytes };
    await saveTrainingState(this.#files.checkpoint, this.#state, await this.#arrays());
  }

  async #arrays(): Promise<HostArrays> {
    const arrays = await this.#trainer.moments();
    for (const [name, { data }] of await this.#trainer.weights()) arrays.set(WEIGHT + name, data);
    for (const [name, { data }] of this.#best ?? []) arrays.set(BEST + name, data);
    return arrays;
  }

  #evaluationDue(): boolean {
    const { step, evaluated } = this.#state;
    return evaluated !== step && this.#task.calibration.windows > 0 && this.#plan.evaluatesAfter(step);
  }

  #throwDeviceError(): void {
    const error = this.#deviceError();
    if (error !== null) throw error;
  }

  #firstState(): TrainingState {
    const { fingerprint } = this.#files;
    const { microTokens } = this.#options;
    const pending = { loss: 0, weight: 0 };
    return { fingerprint, step: 0, tokens: 0, microTokens, pending, best: null, evaluated: 0, sinceBest: 0, logBytes: 0 };
  }

  #writeStart(): void {
    const { labels, training, initial } = this.#task;
    const parameters = [...initial.values()].reduce((sum, { data }) => sum + data.length, 0);
    const device = `${this.#backend.name}: ${this.#backend.device}`;
    this.#log.write({ kind: "start", device, steps: this.#plan.steps, windows: training.windows, parameters, labels });
  }

  #writeStep(): void {
    const { step, tokens, pending } = this.#state;
    const loss = pending.loss / pending.weight;
    const learningRate = this.#plan.learningRate(step - 1);
    this.#log.write({ kind: "step", step, epoch: this.#plan.epochOf(step), loss, learningRate, tokens });
    this.#state = { ...this.#state, pending: { loss: 0, weight: 0 } };
  }
}

function diverged(step: number): CordonError {
  return new CordonError("train/diverged", `the loss is no number at step ${step}`, {
    hint: "take a lower --learning-rate, a longer --warmup or a smaller --clip",
  });
}
