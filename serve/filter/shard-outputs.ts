// Where the outputs of a shard lie below the run's folder.
import { join } from "node:path";
import { compressionOf, withCompression } from "#datasets/shards/compression";
import type { FilterConfig } from "./filter-config.ts";

export type OutputKind = "documents" | "removed" | "attributes" | "quarantine";

/** Path below the run's folder, with `/`. */
export function outputName(config: Pick<FilterConfig, "compression" | "experiment">, kind: OutputKind, shard: string): string {
  const folder = kind === "attributes" ? `attributes/${config.experiment}` : kind;
  return `${folder}/${withCompression(shard, config.compression ?? compressionOf(shard))}`;
}

export function scoresPath(out: string, shard: string): string {
  return join(out, "scores", `${shard}.u32`);
}

/** Where the entry of a shard lies. `scored` is the first half of a run with --max-removed. */
export function ledgerPath(out: string, shard: string, stage: "done" | "scored" = "done"): string {
  return stage === "done" ? join(out, "ledger", `${shard}.json`) : join(out, "scores", `${shard}.json`);
}
