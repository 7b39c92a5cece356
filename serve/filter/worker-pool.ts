// Runs shards over worker threads: a shard a task, the largest first, each worker taking the next when it is free. A
// worker that dies costs its shard, which is reported as failed, and is replaced. Silence is reported too.
import { Worker } from "node:worker_threads";
import type { ShardFile } from "#datasets/shards/shard-files";
import type { ShardTask, WorkerMessage, WorkerSetup } from "./protocol.ts";
import type { ShardLedger } from "./shard-ledger.ts";

const STALL_MS = 60_000;

export interface PoolEvents {
  /** fileBytes of all shards read so far, of those given to the pool; rows of the same. */
  progress(fileBytes: number, rows: number, shardsDone: number): void;
  failed(shard: ShardFile, message: string): void;
  /** Nothing was heard from a worker for `seconds`. */
  stalled(shard: ShardFile, seconds: number): void;
}

export interface PoolResult {
  ledgers: ShardLedger[];
  failed: { shard: string; message: string }[];
}

/** Runs the tasks and resolves when each is done or has failed. */
export async function runPool(tasks: readonly ShardTask[], workers: number, setup: WorkerSetup, events: PoolEvents): Promise<PoolResult> {
  const queue = [...tasks].sort((a, b) => a.shard.size - b.shard.size);
  const result: PoolResult = { ledgers: [], failed: [] };
  const finished = { fileBytes: 0, rows: 0 };
  const running = new Set<Slot>();

  const report = () => {
    let { fileBytes, rows } = finished;
    for (const slot of running) {
      fileBytes += slot.fileBytes;
      rows += slot.rows;
    }
    events.progress(fileBytes, rows, result.ledgers.length + result.failed.length);
  };
  const watch = setInterval(() => {
    const now = performance.now();
    for (const slot of running) {
      if (now - slot.heard < STALL_MS) continue;
      events.stalled(slot.task.shard, Math.round((now - slot.heard) / 1000));
      slot.heard = now;
    }
  }, 5000);

  /** Lives as long as the queue: takes tasks from it one after the other. */
  const serve = async (): Promise<void> => {
    let worker: Worker | null = null;
    for (let task = queue.pop(); task !== undefined; task = queue.pop()) {
      worker ??= new Worker(new URL("./worker.ts", import.meta.url), { workerData: setup });
      const slot: Slot = { task, fileBytes: 0, rows: 0, heard: performance.now() };
      running.add(slot);
      const outcome = await runTask(worker, slot, report);
      running.delete(slot);
      finished.fileBytes += task.shard.size;
      if (outcome.kind === "done") {
        finished.rows += outcome.ledger.rows.in;
        result.ledgers.push(outcome.ledger);
      } else {
        result.failed.push({ shard: task.shard.name, message: outcome.message });
        events.failed(task.shard, outcome.message);
        if (outcome.kind === "died") worker = null;
      }
      report();
    }
    await worker?.terminate();
  };

  try {
    await Promise.all(Array.from({ length: Math.min(workers, queue.length) }, serve));
  } finally {
    clearInterval(watch);
  }
  return result;
}

interface Slot {
  task: ShardTask;
  fileBytes: number;
  rows: number;
  /** When something was last heard of it. */
  heard: number;
}

type Outcome = { kind: "done"; ledger: ShardLedger } | { kind: "failed"; message: string } | { kind: "died"; message: string };

function runTask(worker: Worker, slot: Slot, report: () => void): Promise<Outcome> {
  return new Promise((resolve) => {
    const end = (outcome: Outcome) => {
      worker.off("message", onMessage).off("error", onError).off("exit", onExit);
      // A dying worker may say so twice; without a listener that would end the process.
      if (outcome.kind === "died") worker.on("error", () => {});
      resolve(outcome);
    };
    const onMessage = (message: WorkerMessage) => {
      slot.heard = performance.now();
      if (message.kind !== "progress") return end(message);
      slot.fileBytes = message.fileBytes;
      slot.rows = message.rows;
      report();
    };
    const onError = (error: Error) => end({ kind: "died", message: `the worker stopped: ${error.message} (${slot.task.shard.path})` });
    const onExit = (code: number) => end({ kind: "died", message: `the worker ended with code ${code} (${slot.task.shard.path})` });
    worker.on("message", onMessage).on("error", onError).on("exit", onExit);
    worker.postMessage(slot.task);
  });
}
