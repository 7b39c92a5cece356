// A worker thread of fitLabels: holds the shared matrix, fits the labels that it is sent.
import { parentPort, workerData } from "node:worker_threads";
import type { DesignMatrix } from "./design-matrix.ts";
import { type LogisticFit, type LogisticOptions, fitLogistic } from "./logistic.ts";

export interface FitTask {
  target: Int8Array;
  weight: Float32Array;
}

export interface FitReply {
  fit: LogisticFit;
}

const { matrix, options } = workerData as { matrix: DesignMatrix; options: LogisticOptions };

parentPort?.on("message", ({ target, weight }: FitTask) => {
  const fit = fitLogistic(matrix, target, weight, options);
  parentPort!.postMessage({ fit } satisfies FitReply, [fit.weights.buffer as ArrayBuffer]);
});
