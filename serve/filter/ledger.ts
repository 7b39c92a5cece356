// What became of every row: rows = kept + removed + failed, per shard and for the run. A shard is done when its entry
// stands in ledger/; it is renamed into place after everything else of the shard.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";

const count = z.number().int().min(0);
const rowsOrBytes = z.object({ in: count, kept: count, removed: count, failed: count });

export const HISTOGRAM_BINS = 100;

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
  /** Scored rows by score: bin i holds [i/100, (i+1)/100), the last one 1 too. */
  histogram: z.array(count).length(HISTOGRAM_BINS),
  outputs: z.record(z.string(), outputFile),
  /** Worker time. */
  seconds: z.number(),
});

export type ShardLedger = z.infer<typeof shardLedgerSchema>;

export type Totals = Pick<ShardLedger, "rows" | "blankLines" | "failures" | "bytes" | "chars" | "histogram"> & { inputBytes: number; outputBytes: Record<string, number> };

/** Where the entry of a shard lies. `scored` is the first half of a run with --max-removed. */
export function ledgerPath(out: string, shard: string, stage: "done" | "scored" = "done"): string {
  return stage === "done" ? join(out, "ledger", `${shard}.json`) : join(out, "scores", `${shard}.json`);
}

/** The entry of a shard, or null where there is none that can be read. */
export function readShardLedger(out: string, shard: string, stage: "done" | "scored" = "done"): ShardLedger | null {
  try {
    return shardLedgerSchema.parse(JSON.parse(readFileSync(ledgerPath(out, shard, stage), "utf8")));
  } catch {
    return null;
  }
}

/** Writes an entry. @throws Error where rows went missing: that is a bug, and must not look like success. */
export function writeShardLedger(out: string, ledger: ShardLedger, stage: "done" | "scored" = "done"): void {
  const { rows, shard } = ledger;
  if (stage === "done" && rows.in !== rows.kept + rows.removed + rows.failed) {
    throw new Error(`ledger of ${shard}: ${rows.in} rows in, but ${rows.kept} kept + ${rows.removed} removed + ${rows.failed} failed`);
  }
  writeJson(ledgerPath(out, shard, stage), ledger);
}

export function writeJson(path: string, value: unknown): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.partial`;
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`, { flush: true });
  renameSync(temporary, path);
}

/** Sums over shards. */
export function totals(ledgers: readonly ShardLedger[]): Totals {
  const sum: Totals = {
    rows: { in: 0, kept: 0, removed: 0, failed: 0 },
    blankLines: 0,
    failures: {},
    bytes: { in: 0, kept: 0, removed: 0, failed: 0 },
    chars: { in: 0, kept: 0, removed: 0 },
    histogram: new Array<number>(HISTOGRAM_BINS).fill(0),
    inputBytes: 0,
    outputBytes: {},
  };
  for (const ledger of ledgers) {
    addInto(sum.rows, ledger.rows);
    addInto(sum.bytes, ledger.bytes);
    addInto(sum.chars, ledger.chars);
    addInto(sum.failures, ledger.failures);
    sum.blankLines += ledger.blankLines;
    sum.inputBytes += ledger.input.bytes;
    ledger.histogram.forEach((n, bin) => (sum.histogram[bin]! += n));
    for (const [kind, { bytes }] of Object.entries(ledger.outputs)) sum.outputBytes[kind] = (sum.outputBytes[kind] ?? 0) + bytes;
  }
  return sum;
}

function addInto(sum: Record<string, number>, part: Record<string, number>): void {
  for (const [key, value] of Object.entries(part)) sum[key] = (sum[key] ?? 0) + value;
}
