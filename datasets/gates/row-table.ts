// What stays in memory of each row that reached the file of candidates: an id, a cell, a place in the queue, its fate and a
// few bits. About 45 bytes a row, most of them the id's; the rows themselves lie in the file.
import { SPLITS, type Split } from "#datasets/example";
import type { Failure } from "./gate.ts";
import type { Hash64 } from "./hash64.ts";
import { grown, IdList } from "./id-list.ts";

export interface RowFacts {
  id: string;
  /** Number of its cell. */
  cell: number;
  label: 0 | 1;
  split: Split;
  /** By which rows are chosen where not all can stay: a hash of what they are, not of when they came. */
  order: Hash64;
  /** By a language model. */
  written: boolean;
}

const HARMFUL = 1;
const WRITTEN = 2;
const SURPRISING = 4;
/** Where the bits of the split begin. */
const SPLIT = 4;

/** Fates: in the running, or out of it and recorded; above these, out of it and yet to be recorded. */
const RUNNING = 0;
const SETTLED = 1;
const FAILURES = 2;

export class RowTable {
  /** Rows that a language model wrote. */
  written = 0;
  /** Rows that are out of the running and not yet recorded. */
  failed = 0;
  readonly #ids = new IdList();
  readonly #failures: Failure[] = [];
  readonly #failureNumbers = new Map<string, number>();
  #cells = new Uint32Array(1024);
  #hi = new Int32Array(1024);
  #lo = new Int32Array(1024);
  #fates = new Uint32Array(1024);
  #bits = new Uint8Array(1024);

  /** Rows, numbered from 0. */
  get length(): number {
    return this.#ids.length;
  }

  add({ id, cell, label, split, order, written }: RowFacts): number {
    const row = this.#ids.add(id);
    if (row === this.#bits.length) {
      this.#cells = grown(this.#cells);
      this.#hi = grown(this.#hi);
      this.#lo = grown(this.#lo);
      this.#fates = grown(this.#fates);
      this.#bits = grown(this.#bits);
    }
    if (written) this.written++;
    this.#cells[row] = cell;
    this.#hi[row] = order.hi;
    this.#lo[row] = order.lo;
    this.#bits[row] = (label === 1 ? HARMFUL : 0) | (written ? WRITTEN : 0) | (SPLITS.indexOf(split) << SPLIT);
    return row;
  }

  id(row: number): string {
    return this.#ids.get(row);
  }

  cell(row: number): number {
    return this.#cells[row]!;
  }

  label(row: number): 0 | 1 {
    return (this.#bits[row]! & HARMFUL) === 0 ? 0 : 1;
  }

  split(row: number): Split {
    return SPLITS[this.#bits[row]! >> SPLIT]!;
  }

  isWritten(row: number): boolean {
    return (this.#bits[row]! & WRITTEN) !== 0;
  }

  /** Whether the current classifier disagrees with the label. */
  surprising(row: number): boolean {
    return (this.#bits[row]! & SURPRISING) !== 0;
  }

  setSurprising(row: number): void {
    this.#bits[row]! |= SURPRISING;
  }

  /** Takes a row out of the running; the first failure stands. */
  fail(row: number, failure: Failure): void {
    if (this.#fates[row] !== RUNNING) return;
    const key = JSON.stringify(failure);
    let number = this.#failureNumbers.get(key);
    if (number === undefined) {
      number = this.#failures.push(failure) - 1;
      this.#failureNumbers.set(key, number);
    }
    this.#fates[row] = FAILURES + number;
    this.failed++;
  }

  /** Why a row is out of the running, as long as that is not recorded. */
  failure(row: number): Failure | undefined {
    return this.#failures[this.#fates[row]! - FAILURES];
  }

  /** A row's failure is recorded. */
  settle(row: number): void {
    if (this.#fates[row]! >= FAILURES) this.failed--;
    this.#fates[row] = SETTLED;
  }

  settled(row: number): boolean {
    return this.#fates[row] === SETTLED;
  }

  running(row: number): boolean {
    return this.#fates[row] === RUNNING;
  }

  /** Numbers of the rows in the running that `wanted` takes, in the order of their hashes. */
  ordered(wanted: (row: number) => boolean): Int32Array {
    let count = 0;
    for (let row = 0; row < this.length; row++) if (this.running(row) && wanted(row)) count++;
    const rows = new Int32Array(count);
    for (let row = 0, at = 0; row < this.length; row++) if (this.running(row) && wanted(row)) rows[at++] = row;
    return rows.sort((a, b) => this.#hi[a]! - this.#hi[b]! || this.#lo[a]! - this.#lo[b]! || a - b);
  }
}
