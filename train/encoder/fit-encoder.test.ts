import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Tensors } from "#models/encoder/tensors";
import { CordonError } from "#models/errors";
import { type Backend, closeBackend, openBackend } from "#train/tensor/backend";
import { tf } from "#train/tensor/tf";
import { type FitOptions, SCRATCH_DEFAULTS } from "./defaults.ts";
import { fitEncoder } from "./fit-encoder.ts";
import type { FitHooks, FitTask } from "./fit-task.ts";
import { toyTask } from "./fixture-task.ts";
import { readLog } from "./training-log.ts";

const OPTIONS: FitOptions = {
  ...SCRATCH_DEFAULTS,
  epochs: 6,
  batchSize: 32,
  learningRate: 1e-2,
  patience: 0,
  logEvery: 5,
  checkpointEvery: 7,
};

let scratch: string;
let backend: Backend;
let task: FitTask;
beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "cordon-fit-"));
  backend = await openBackend("wasm");
  task = toyTask(400, 0.1);
});
afterAll(async () => {
  closeBackend();
  await rm(scratch, { recursive: true });
});

const filesOf = (name: string) => ({
  checkpoint: join(scratch, name, "checkpoint"),
  log: join(scratch, `${name}.jsonl`),
  fingerprint: "f",
  fresh: false,
});
const fit = (name: string, options: Partial<FitOptions> = {}, hooks: Partial<FitHooks> = {}, files = {}, of = task) =>
  fitEncoder(of, { ...OPTIONS, ...options }, backend, { ...filesOf(name), ...files }, { progress: () => {}, say: () => {}, ...hooks });
const logOf = (name: string) => readFile(filesOf(name).log, "utf8");

function withoutCalibration(): FitTask {
  const none = { windows: 0, ids: [], lengths: new Int32Array(0), windowWeight: new Float32Array(0) };
  return { ...task, calibration: { ...task.calibration, ...none } };
}

/** Largest difference of any weight. */
function distance(a: Tensors, b: Tensors): number {
  let most = 0;
  for (const [name, { data }] of a) data.forEach((x, i) => (most = Math.max(most, Math.abs(x - b.get(name)!.data[i]!))));
  return most;
}

describe("fitEncoder", () => {
  it("learns, the same each time, and leaves no tensor behind", async () => {
    const before = tf.memory().numTensors;
    const held = new Set<number>();
    const one = await fit("one", {}, { progress: () => void held.add(tf.memory().numTensors) });
    expect([held.size, tf.memory().numTensors]).toEqual([1, before]);
    expect(one.best!.auroc).toBeGreaterThan(0.98);
    expect(one).toMatchObject({ stopped: "epochs", epochs: 6, steps: one.stepsPlanned });
    const two = await fit("two");
    expect(await logOf("two")).toBe(await logOf("one"));
    expect(distance(one.tensors, two.tensors)).toBe(0);
    const other = await fit("other", { seed: 2 });
    expect(distance(one.tensors, other.tensors)).toBeGreaterThan(0.01);
  });

  it("logs steps and evaluations, and no times", async () => {
    const entries = readLog(filesOf("one").log);
    expect(entries[0]).toMatchObject({ kind: "start", labels: ["harmful", "hate", "privacy"] });
    const steps = entries.flatMap((entry) => (entry.kind === "step" ? [entry] : []));
    expect(steps.map(({ step }) => step).slice(0, 3)).toEqual([5, 10, 15]);
    expect(steps.at(-1)!.loss).toBeLessThan(steps[0]!.loss / 2);
    expect(entries.filter(({ kind }) => kind === "evaluation")).toHaveLength(6);
    expect(entries.at(-1)).toMatchObject({ kind: "end", because: "epochs" });
  });

  it("stopped at any step and started again, it has the log and the weights of a run that was not", async () => {
    const whole = await fit("whole");
    // The last of them is due for an evaluation, which then comes first.
    for (const last of [3, 19, whole.stepsPlanned / 3]) {
      const controller = new AbortController();
      const reason = new CordonError("train/interrupted", "stopped");
      const progress = ({ step }: { step: number }) => void (step === last && controller.abort(reason));
      await expect(fit(`cut${last}`, {}, { progress, signal: controller.signal })).rejects.toBe(reason);
      const said: string[] = [];
      const rest = await fit(`cut${last}`, {}, { say: (text) => said.push(text) });
      expect(said).toEqual([`going on from the checkpoint at step ${last}`]);
      expect(await logOf(`cut${last}`)).toBe(await logOf("whole"));
      expect(distance(rest.tensors, whole.tensors)).toBe(0);
    }
  });

  it("refuses the checkpoint of another run, and starts anew where it is asked to", async () => {
    await expect(fit("one", {}, {}, { fingerprint: "g" })).rejects.toMatchObject({ code: "train/other-run", exit: 2 });
    await fit("one", { epochs: 1 }, {}, { fingerprint: "g", fresh: true });
    expect(readLog(filesOf("one").log).filter(({ kind }) => kind === "start")).toHaveLength(1);
    const crash = () => {
      throw new Error("crash");
    };
    await expect(fit("one", {}, { progress: crash }, { fresh: true })).rejects.toThrow("crash");
    expect(existsSync(filesOf("one").checkpoint)).toBe(false);
  });

  it("goes on without the log that was lost, and begins it as every log begins", async () => {
    await fit("no-log", { epochs: 1 });
    await rm(filesOf("no-log").log);
    await fit("no-log", { epochs: 1 });
    expect(readLog(filesOf("no-log").log).map(({ kind }) => kind)).toEqual(["start", "end"]);
  });

  it("lets timers have their turn, which this back end by itself would not", async () => {
    let ticks = 0;
    const timer = setInterval(() => ticks++, 1);
    // No checkpoint, in which it would wait for the disk.
    await fit("turns", { epochs: 4, checkpointEvery: 0 }, {}, {}, withoutCalibration());
    clearInterval(timer);
    expect(ticks).toBeGreaterThan(1);
  });

  it("a batch that goes through in parts gives the step of the whole batch", async () => {
    const still = toyTask(300, 0);
    const options = { epochs: 1, checkpointEvery: 0 };
    const whole = await fit("whole-batch", options, {}, {}, still);
    const parts = await fit("parts", { ...options, microTokens: 100 }, {}, {}, still);
    expect(distance(whole.tensors, parts.tensors)).toBeGreaterThan(0);
    expect(distance(whole.tensors, parts.tensors)).toBeLessThan(1e-4);
  });

  it("stops where the calibration loss no longer falls, with the weights of the best evaluation", async () => {
    const { stopped, best, steps } = await fit("early", { epochs: 60, patience: 2, learningRate: 3e-2, warmup: 0.01 });
    expect(stopped).toBe("patience");
    expect(best!.step).toBeLessThan(steps);
    const losses = readLog(filesOf("early").log).flatMap((entry) => (entry.kind === "evaluation" ? [entry.calibrationLoss] : []));
    expect(Math.min(...losses)).toBe(best!.loss);
  });

  it("without calibration rows takes the last weights", async () => {
    const { best, tensors } = await fit("alone", { epochs: 1 }, {}, {}, withoutCalibration());
    expect(best).toBeNull();
    expect(distance(tensors, task.initial)).toBeGreaterThan(1e-3);
  });

  it("tells of a loss that is no number", async () => {
    await expect(fit("diverged", { learningRate: 1e30, clip: 0, warmup: 0 })).rejects.toMatchObject({ code: "train/diverged" });
    expect(existsSync(join(scratch, "diverged/checkpoint"))).toBe(false);
  });
});
