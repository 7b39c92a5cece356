// What a strategy hands to the gates: a row, or the news that there is none.
import type { Example } from "#datasets/example";

/** Where a row belongs in the funnel: what was to be written, whether or not it was. */
export interface Cell {
  /** A category, a subject or a source. */
  topic: string;
  label: 0 | 1;
  /** Name of the last operation, `grammar/act`. */
  strategy: string;
}

/** A row that could not be made. It has no text and never becomes an example of either label. */
export interface FailedRow {
  state: "failed";
  id: string;
  cell: Cell;
  /** The gate that counts it: the model declined, or did not answer as asked. */
  gate: "refusal" | "generator";
  /** Without any text of the model's. */
  reason: string;
  seedIds: string[];
}

export type Candidate = { state: "row"; row: Example } | FailedRow;

/** The cell of a row. */
export function cellOf(row: Example): Cell {
  return {
    topic: row.topic ?? row.categories[0] ?? row.source ?? "unknown",
    label: row.label,
    strategy: strategyOf(row),
  };
}

/** What made a row: the name of its last operation. */
export function strategyOf(row: Example): string {
  return row.lineage?.ops.at(-1)?.name ?? "given";
}
