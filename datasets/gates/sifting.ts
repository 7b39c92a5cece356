// The second pass: over the spool of the first, without the rows that another contradicts.
import type { Example } from "#datasets/example";
import { readLines } from "#datasets/files/lines";
import { orderedParallel } from "#datasets/strategies/ordered-parallel";
import { isDisguised } from "#datasets/transforms/layers";
import type { Classifier } from "./classifier.ts";
import type { Decontamination } from "./decontamination.ts";
import type { Failure, Gate } from "./gate.ts";
import { afterJudgement, type Judge } from "./judge.ts";
import type { Ledger } from "./ledger.ts";
import type { NearDuplicates } from "./near-duplicates.ts";
import type { RowFile } from "./row-file.ts";
import type { RowTable } from "./row-table.ts";

const READS_WORDS: ReadonlySet<Gate> = new Set(["decontamination", "judge", "consistency"]);
/** Rows that are judged at a time; the generators have bounds of their own. */
const WINDOW = 64;

export interface Sieves {
  /** `all`: also for rows that no language model wrote. */
  near: { index: NearDuplicates; all: boolean } | undefined;
  decontamination: Decontamination | undefined;
  judge: Judge | undefined;
  /** The classifier whose surprises are to be marked. */
  current: Classifier | undefined;
  onJudged?: ((rows: number) => void) | undefined;
}

/** A line of a spool; it is parsed only where a gate reads it. */
class SpooledRow {
  readonly row: number;
  readonly line: string;
  #example: Example | undefined;

  constructor(row: number, line: string) {
    this.row = row;
    this.line = line;
  }

  get example(): Example {
    return (this.#example ??= JSON.parse(this.line) as Example);
  }
}

/**
 * Rows that fell at a gate that reads words. A disguised copy cannot be read so: it falls with the row that it is a copy of,
 * and where that one stays, it stays.
 */
class Fallen {
  readonly #gates = new Map<string, Gate>();

  get size(): number {
    return this.#gates.size;
  }

  add({ id }: Example, { gate }: Failure): void {
    this.#gates.set(id, gate);
  }

  /** Why a copy falls. */
  failure({ lineage }: Example): Failure | undefined {
    const parent = lineage?.parents.find((id) => this.#gates.has(id));
    if (parent === undefined) return undefined;
    return { gate: this.#gates.get(parent)!, reason: `${parent}, which it is a copy of, fell at this gate`, of: parent };
  }
}

/** Drops what the sieves hold back and hands the rest to `out`, in the spool's order. */
export async function sift(
  spool: string,
  ledger: Ledger,
  { near, decontamination, judge, current, onJudged }: Sieves,
  out: RowFile,
): Promise<void> {
  const fallen = new Fallen();
  const settle = async (spooled: SpooledRow, failure: Failure) => {
    if (READS_WORDS.has(failure.gate)) fallen.add(spooled.example, failure);
    await ledger.settle(spooled.row, spooled.example, failure);
  };
  async function* uncollided(): AsyncGenerator<SpooledRow> {
    for await (const spooled of spooledRows(spool, ledger.table)) {
      const failure = collision(spooled);
      if (failure === undefined) yield spooled;
      else await settle(spooled, failure);
    }
  }
  const collision = (spooled: SpooledRow): Failure | undefined => {
    const { row } = spooled;
    const contradicted = ledger.table.failure(row);
    if (contradicted !== undefined) return contradicted;
    if (near !== undefined && (near.all || ledger.table.isWritten(row))) {
      const similar = near.index.add(spooled.example.text, ledger.table.label(row), row);
      if (similar !== null) {
        const of = ledger.table.id(similar.row);
        return { gate: "near-duplicate", reason: `${Math.round(similar.similarity * 100)} % like ${of}`, of };
      }
    }
    const shared = decontamination?.find(spooled.example.text);
    if (!shared) return undefined;
    return { gate: "decontamination", reason: `shares ${shared.words} words in a row with ${shared.name}`, of: shared.name };
  };

  const judged = orderedParallel(uncollided(), WINDOW, async (spooled) => ({
    spooled,
    judgement: judge === undefined || isDisguised(spooled.example) ? undefined : await judge.judge(spooled.example),
  }));
  let count = 0;
  for await (const { spooled, judgement } of judged) {
    const copy = fallen.size > 0 && isDisguised(spooled.example) ? fallen.failure(spooled.example) : undefined;
    if (copy !== undefined) {
      await settle(spooled, copy);
      continue;
    }
    if (judgement === undefined) {
      await out.put(spooled.line);
      continue;
    }
    onJudged?.(++count);
    const passed = afterJudgement(spooled.example, judgement);
    if (!("row" in passed)) {
      await settle(spooled, passed);
      continue;
    }
    const { row } = passed;
    if (current !== undefined && current.probability(row.text) >= current.threshold !== (row.label === 1))
      ledger.table.setSurprising(spooled.row);
    await out.put(row === spooled.example ? spooled.line : JSON.stringify(row));
  }
}

/** The third pass: what the table has failed since is dropped, the rest is handed on. */
export async function winnow(spool: string, ledger: Ledger, out: RowFile): Promise<void> {
  for await (const spooled of spooledRows(spool, ledger.table)) {
    const failure = ledger.table.failure(spooled.row);
    await (failure === undefined ? out.put(spooled.line) : ledger.settle(spooled.row, spooled.example, failure));
  }
}

/** The lines of a spool with the numbers of their rows: it holds those that were not settled when it was written. */
async function* spooledRows(path: string, table: RowTable): AsyncGenerator<SpooledRow> {
  let row = 0;
  for await (const { text } of readLines(path)) {
    while (table.settled(row)) row++;
    yield new SpooledRow(row++, text);
  }
}
