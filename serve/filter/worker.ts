// A filter worker: a thread that takes one shard after the other. The shard's ledger entry is written last, here.
import { parentPort, workerData } from "node:worker_threads";
import { CordonError } from "#models/errors";
import { openScorer } from "#models/scorer";
import { filterShard } from "./filter-shard.ts";
import { writeShardLedger } from "./ledger.ts";
import type { ShardTask, WorkerMessage, WorkerSetup } from "./protocol.ts";
import type { ShardLedger } from "./shard-ledger.ts";
import { splitShard } from "./split-shard.ts";

const PROGRESS_MS = 200;

const port = parentPort!;
const { model, scorer: scorerOptions, job } = workerData as WorkerSetup;
const scorer = await openScorer(model, scorerOptions);
const send = (message: WorkerMessage) => port.postMessage(message);

let reported = 0;
function progress(fileBytes: number, rows: number): void {
  const now = performance.now();
  if (now - reported < PROGRESS_MS) return;
  reported = now;
  send({ kind: "progress", fileBytes, rows });
}

function run({ kind, shard, threshold, scored }: ShardTask): ShardLedger {
  if (kind !== "split") return filterShard(shard, { ...job, threshold }, scorer, progress);
  if (scored === null)
    throw new CordonError("filter/shard-failed", "the stored scores are gone", {
      where: shard.name,
      hint: "filter again into a new folder",
    });
  return splitShard(shard, { ...job, threshold }, scored, progress);
}

port.on("message", (task: ShardTask) => {
  try {
    const ledger = run(task);
    writeShardLedger(job.out, ledger, task.kind === "score" ? "scored" : "done");
    send({ kind: "done", ledger });
  } catch (error) {
    const message =
      error instanceof CordonError ? error.message : `${error instanceof Error ? error.message : String(error)} (${task.shard.path})`;
    send({ kind: "failed", message });
  }
});
