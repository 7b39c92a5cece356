// Quota per cell: which rows stay where there are more than wanted.
import type { Cell } from "#datasets/candidate";
import type { QuotaConfig } from "./config.ts";
import type { RowTable } from "./row-table.ts";

/** Most rows of a cell; null where the recipe sets no bound. */
export function quotaOf({ topic, label, strategy }: Cell, { per_cell, cells }: QuotaConfig): number | null {
  const exception = cells.find(
    (cell) =>
      (cell.topic === undefined || cell.topic === topic) &&
      (cell.label === undefined || cell.label === label) &&
      (cell.strategy === undefined || cell.strategy === strategy),
  );
  return exception?.rows ?? per_cell ?? null;
}

/** Fails each row above its cell's quota. Those that stay are chosen by hash: the order in which they came does not count. */
export function applyQuota(table: RowTable, cells: readonly Cell[], quota: QuotaConfig): void {
  const bounds = cells.map((cell) => quotaOf(cell, quota));
  const counts = new Uint32Array(cells.length);
  for (const row of table.ordered((row) => bounds[table.cell(row)] !== null)) {
    const cell = table.cell(row);
    if (counts[cell]! < bounds[cell]!) counts[cell]!++;
    else table.fail(row, { gate: "quota", reason: `its cell has the ${bounds[cell]} rows that it may have` });
  }
}
