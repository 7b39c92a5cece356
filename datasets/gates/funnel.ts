// What became of every candidate, by cell (topic × label × strategy): how many were to be written, where they were lost, how
// many are left, and which cells have holes. An aligned generator declines just where examples are wanted most; the holes
// must be seen rather than averaged away.
import type { Cell } from "#datasets/candidate";
import { compareText } from "#models/compare-text";
import type { QuotaConfig } from "./config.ts";
import { type Gate, GATES } from "./gate.ts";
import { quotaOf } from "./quota.ts";

export interface FunnelCell extends Cell {
  candidates: number;
  /** Gates that dropped none are left out. */
  dropped: Partial<Record<Gate, number>>;
  kept: number;
}

/** A cell that is not as full as it was to be. */
export interface MissingCell extends Cell {
  kept: number;
  /** Rows that the recipe's quota asks for; null where it names none. */
  quota: number | null;
  /** Rows that are missing: to the quota; without one, those that the generator declined or failed to write. */
  missing: number;
  /** Share of the candidates that the generator declined to write, 0 to 1. */
  refused: number;
}

export interface Funnel {
  cells: FunnelCell[];
  missing: MissingCell[];
}

/** Counts candidates and drops. Memory: the cells. */
export class FunnelCounter {
  readonly #numbers = new Map<string, number>();
  readonly #cells: (Cell & { candidates: number; dropped: Uint32Array })[] = [];

  /** The number of a cell. */
  number({ topic, label, strategy }: Cell): number {
    const key = `${label}\n${topic}\n${strategy}`;
    let number = this.#numbers.get(key);
    if (number === undefined) {
      number = this.#cells.length;
      this.#numbers.set(key, number);
      this.#cells.push({ topic, label, strategy, candidates: 0, dropped: new Uint32Array(GATES.length) });
    }
    return number;
  }

  get cells(): readonly Cell[] {
    return this.#cells;
  }

  candidate(cell: number): void {
    this.#cells[cell]!.candidates++;
  }

  drop(cell: number, gate: Gate): void {
    this.#cells[cell]!.dropped[GATES.indexOf(gate)]!++;
  }

  /** Rows dropped by each gate. */
  dropped(): Record<Gate, number> {
    const sum = (gate: number) => this.#cells.reduce((total, cell) => total + cell.dropped[gate]!, 0);
    return Object.fromEntries(GATES.map((gate, i) => [gate, sum(i)])) as Record<Gate, number>;
  }

  /** The whole, sorted by topic, label (harmful first) and strategy. */
  funnel(quota: QuotaConfig): Funnel {
    const cells = this.#cells
      .map(({ dropped, ...cell }): FunnelCell => {
        const lost = dropped.reduce((a, b) => a + b, 0);
        const byGate = Object.fromEntries(GATES.flatMap((gate, i) => (dropped[i]! > 0 ? [[gate, dropped[i]!]] : [])));
        return { ...cell, dropped: byGate, kept: cell.candidates - lost };
      })
      .sort((a, b) => compareText(a.topic, b.topic) || b.label - a.label || compareText(a.strategy, b.strategy));
    return { cells, missing: missingCells(cells, quota) };
  }
}

function missingCells(cells: readonly FunnelCell[], quota: QuotaConfig): MissingCell[] {
  const found = cells.map((cell): MissingCell => {
    const { topic, label, strategy, kept, candidates, dropped } = cell;
    const refused = dropped.refusal ?? 0;
    const wanted = quotaOf(cell, quota);
    const missing = wanted === null ? refused + (dropped.generator ?? 0) : Math.max(0, wanted - kept);
    return { topic, label, strategy, kept, quota: wanted, missing, refused: candidates === 0 ? 0 : refused / candidates };
  });
  // A cell that the quota names and of which no strategy wrote a single candidate.
  for (const { topic, label, strategy, rows } of quota.cells) {
    if (topic === undefined || label === undefined || strategy === undefined) continue;
    if (cells.some((cell) => cell.topic === topic && cell.label === label && cell.strategy === strategy)) continue;
    found.push({ topic, label, strategy, kept: 0, quota: rows, missing: rows, refused: 0 });
  }
  return found.filter(({ kept, missing, quota: wanted }) => missing > 0 || (kept === 0 && wanted !== 0));
}
