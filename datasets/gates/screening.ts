// The first pass: each candidate alone, and against the texts that came before it.
import { type Candidate, type Cell, cellOf } from "#datasets/candidate";
import type { Example } from "#datasets/example";
import type { GatesConfig } from "./config.ts";
import type { Decontamination } from "./decontamination.ts";
import { HashTable } from "./hash-table.ts";
import { hash64 } from "./hash64.ts";
import { type Ledger, seedIdsOf } from "./ledger.ts";
import { normalised } from "./normalise.ts";
import { checkRow, isWritten } from "./row-checks.ts";
import type { RowFile } from "./row-file.ts";

/** Takes candidates one by one; what passes goes to the spool, and its facts into the ledger's table in the same order. */
export class Screening {
  readonly #ledger: Ledger;
  readonly #options: GatesConfig;
  readonly #decontamination: Decontamination | undefined;
  /** Hash of the text → number of its row. */
  readonly #texts = new HashTable();

  constructor(ledger: Ledger, options: GatesConfig, decontamination?: Decontamination) {
    this.#ledger = ledger;
    this.#options = options;
    this.#decontamination = decontamination;
  }

  take(candidate: Candidate, spool: RowFile): Promise<void> | undefined {
    if (candidate.state === "failed") {
      const { id, gate, reason, seedIds } = candidate;
      return this.#ledger.drop(this.#ledger.candidate(candidate.cell), { id, seedIds }, { gate, reason });
    }
    const checked = checkRow(candidate.row, this.#options);
    const wellFormed = "row" in checked || checked.gate !== "schema";
    const cell = this.#ledger.candidate(wellFormed ? cellOf(candidate.row) : cellOfMalformed(candidate.row));
    if ("row" in checked) return this.#compare(checked.row, cell, spool);
    const of = wellFormed ? { id: candidate.row.id, seedIds: seedIdsOf(candidate.row) } : { id: String(candidate.row.id), seedIds: [] };
    return this.#ledger.drop(cell, of, checked);
  }

  #compare(row: Example, cell: number, spool: RowFile): Promise<void> | undefined {
    const { table } = this.#ledger;
    const text = hash64(normalised(row.text));
    const earlier = this.#texts.get(text);
    if (earlier !== -1) {
      const of = table.id(earlier);
      const twice = table.label(earlier) === row.label;
      // Of a text with both labels neither row can be believed; the earlier one falls when its turn comes.
      if (!twice) table.fail(earlier, { gate: "contradiction", reason: "the same text came with the other label", of: row.id });
      const failure = { gate: twice ? "duplicate" : "contradiction", reason: `same text as ${of}`, of } as const;
      return this.#ledger.drop(cell, { id: row.id, seedIds: seedIdsOf(row) }, failure);
    }
    // The sides of a pair share a place in the queue, so that a quota keeps or drops both.
    const order = row.pair === undefined ? text : { hi: hash64(row.pair).hi, lo: text.lo };
    this.#texts.add(text, table.add({ id: row.id, cell, label: row.label, split: row.split!, order, written: isWritten(row) }));
    this.#decontamination?.expect(row.text);
    return spool.put(JSON.stringify(row));
  }
}

/** As much of a cell as can be read of a row of no known shape. */
function cellOfMalformed(row: { topic?: unknown; label?: unknown }): Cell {
  return { topic: typeof row.topic === "string" ? row.topic : "unknown", label: row.label === 1 ? 1 : 0, strategy: "malformed" };
}
