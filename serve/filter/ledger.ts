// Writes and adds up the ledger. Workers load this file, so it stays free of zod (a tenth of a second each).
import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { HISTOGRAM_BINS } from "./billionths.ts";
import type { ShardLedger } from "./shard-ledger.ts";
import { ledgerPath } from "./shard-outputs.ts";

export type Totals = Pick<ShardLedger, "rows" | "blankLines" | "failures" | "bytes" | "chars" | "histogram" | "escalated"> & {
  inputBytes: number;
  outputBytes: Record<string, number>;
};

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
  writeFileSync(temporary, `${JSON.stringify(value, null, 2)}\n`);
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
    if (ledger.escalated !== undefined) sum.escalated = (sum.escalated ?? 0) + ledger.escalated;
    sum.inputBytes += ledger.input.bytes;
    ledger.histogram.forEach((n, bin) => (sum.histogram[bin]! += n));
    for (const [kind, { bytes }] of Object.entries(ledger.outputs)) sum.outputBytes[kind] = (sum.outputBytes[kind] ?? 0) + bytes;
  }
  return sum;
}

function addInto(sum: Record<string, number>, part: Record<string, number>): void {
  for (const [key, value] of Object.entries(part)) sum[key] = (sum[key] ?? 0) + value;
}
