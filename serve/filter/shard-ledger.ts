// What became of every row of a shard: rows = kept + removed + failed. A shard is done when its entry stands in ledger/;
// it is renamed into place after everything else of the shard.
import { readFileSync } from "node:fs";
import { z } from "zod";
import { HISTOGRAM_BINS } from "./billionths.ts";
import { ledgerPath } from "./shard-outputs.ts";

const count = z.number().int().min(0);
const rowsOrBytes = z.object({ in: count, kept: count, removed: count, failed: count });

const outputFile = z.object({ path: z.string(), bytes: count });

export const shardLedgerSchema = z.object({
  format: z.literal(1),
  shard: z.string(),
  configSha256: z.string(),
  input: z.object({ path: z.string(), bytes: count, modifiedMs: z.number(), sha256: z.string() }),
  /** A score at or over this was removed; null until a run with --max-removed has chosen it. */
  threshold: z.number().nullable(),
  rows: rowsOrBytes,
  /** Lines of white space only: not rows. */
  blankLines: count,
  /** Failed rows by reason. */
  failures: z.record(z.string(), count),
  /** Decompressed bytes, line ends included (a missing last one is counted as written). */
  bytes: rowsOrBytes,
  /** Code points of the texts that were scored. */
  chars: z.object({ in: count, kept: count, removed: count }),
  /** Scored rows that a cascade's second stage scored too; absent where there is none. */
  escalated: count.optional(),
  /** Scored rows by score: bin i holds [i/100, (i+1)/100), the last one 1 too. */
  histogram: z.array(count).length(HISTOGRAM_BINS),
  outputs: z.record(z.string(), outputFile),
  /** Worker time. */
  seconds: z.number(),
});

export type ShardLedger = z.infer<typeof shardLedgerSchema>;

/** The entry of a shard, or null where there is none that can be read. */
export function readShardLedger(out: string, shard: string, stage: "done" | "scored" = "done"): ShardLedger | null {
  try {
    return shardLedgerSchema.parse(JSON.parse(readFileSync(ledgerPath(out, shard, stage), "utf8")));
  } catch {
    return null;
  }
}
