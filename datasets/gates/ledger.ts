// The books of a run: every candidate is counted in its cell, every drop is counted and written down.
import type { Cell } from "#datasets/candidate";
import type { Example } from "#datasets/example";
import { FunnelCounter } from "./funnel.ts";
import type { Drop, Failure } from "./gate.ts";
import type { RowFile } from "./row-file.ts";
import { RowTable } from "./row-table.ts";

export class Ledger {
  readonly counter = new FunnelCounter();
  readonly table = new RowTable();
  readonly #drops: RowFile;

  constructor(drops: RowFile) {
    this.#drops = drops;
  }

  /** Counts a candidate; returns its cell's number. */
  candidate(cell: Cell): number {
    const number = this.counter.number(cell);
    this.counter.candidate(number);
    return number;
  }

  drop(cell: number, row: { id: string; seedIds: string[] }, { gate, reason, of }: Failure): Promise<void> | undefined {
    this.counter.drop(cell, gate);
    const { topic, label, strategy } = this.counter.cells[cell]!;
    const drop: Drop = { id: row.id, gate, reason, topic, label, strategy, seedIds: row.seedIds, ...(of === undefined ? {} : { of }) };
    return this.#drops.put(JSON.stringify(drop));
  }

  /** Drops a row of the table and closes its account. */
  settle(row: number, example: Example, failure: Failure): Promise<void> | undefined {
    this.table.settle(row);
    return this.drop(this.table.cell(row), { id: example.id, seedIds: seedIdsOf(example) }, failure);
  }
}

export function seedIdsOf(row: Example): string[] {
  return row.lineage?.seedIds ?? [];
}
