// What the filter's main thread and its workers say to each other.
import type { LoadedModel } from "#models/loaded-model";
import type { ScorerOptions } from "#models/scorer";
import type { ShardFile } from "#datasets/shards/shard-files";
import type { ShardJob } from "./filter-shard.ts";
import type { ShardLedger } from "./shard-ledger.ts";

/** Given to a worker when it starts. The weights of n-grams lie in shared memory. */
export interface WorkerSetup {
  model: LoadedModel;
  /** How an encoder is run. */
  scorer: ScorerOptions;
  job: Omit<ShardJob, "threshold">;
}

/** `filter`: all in one pass. `score`, then `split` by the stored scores: the two passes of --max-removed. */
export interface ShardTask {
  kind: "filter" | "score" | "split";
  shard: ShardFile;
  /** Null to score only. */
  threshold: number | null;
  /** To split: the entry that scoring the shard made. */
  scored: ShardLedger | null;
}

export type WorkerMessage =
  | { kind: "progress"; fileBytes: number; rows: number }
  | { kind: "done"; ledger: ShardLedger }
  /** The shard failed and left nothing behind; the worker goes on. */
  | { kind: "failed"; message: string };
