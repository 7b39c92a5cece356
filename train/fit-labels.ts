// Fits every label of a model, over worker threads: the labels are independent, so neither the number of threads nor
// their order changes a bit of the result.
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import type { DesignMatrix } from "./design-matrix.ts";
import type { FitReply, FitTask } from "./fit-worker.ts";
import type { LogisticFit, LogisticOptions } from "./logistic.ts";

export interface LabelTask {
  label: string;
  /** (rows) see fitLogistic. */
  target: Int8Array;
  weight: Float32Array;
}

/** @returns the fits in the order of the tasks; `progress` is told of each as it ends. */
export async function fitLabels(
  matrix: DesignMatrix,
  tasks: readonly LabelTask[],
  options: LogisticOptions,
  progress: (done: number, label: string) => void = () => {},
  threads: number = availableParallelism(),
): Promise<LogisticFit[]> {
  const fits = new Map<number, LogisticFit>();
  let next = 0;
  const work = async (): Promise<void> => {
    const worker = new Worker(fileURLToPath(new URL("fit-worker.ts", import.meta.url)), { workerData: { matrix, options } });
    try {
      while (next < tasks.length) {
        const index = next++;
        const { label, target, weight } = tasks[index]!;
        const reply = await ask(worker, { target, weight });
        fits.set(index, reply.fit);
        progress(fits.size, label);
      }
    } finally {
      await worker.terminate();
    }
  };
  await Promise.all(Array.from({ length: Math.min(tasks.length, threads) }, work));
  return tasks.map((_, index) => fits.get(index)!);
}

function ask(worker: Worker, task: FitTask): Promise<FitReply> {
  return new Promise((resolve, reject) => {
    const settle = () => worker.removeAllListeners("message").removeAllListeners("error").removeAllListeners("exit");
    worker.once("message", (reply: FitReply) => {
      settle();
      resolve(reply);
    });
    worker.once("error", (error) => {
      settle();
      reject(error);
    });
    worker.once("exit", (code) => {
      settle();
      reject(new Error(`fitLabels: a worker thread ended with code ${code}`));
    });
    worker.postMessage(task);
  });
}
