// A map from 64-bit hashes to whole numbers in typed arrays: 12 bytes a slot, 18 to 36 bytes an entry, whatever is hashed.
import type { Hash64 } from "./hash64.ts";

const EMPTY = -1;
/** Entries a slot, at most: longer walks cost more than memory does. */
const LOAD = 2 / 3;

/** Open addressing with linear steps. Entries are not removed. */
export class HashTable {
  size = 0;
  #hi = new Int32Array(1024);
  #lo = new Int32Array(1024);
  #values = new Int32Array(1024).fill(EMPTY);

  /** Bytes that its arrays take. */
  get bytes(): number {
    return this.#values.length * 12;
  }

  /** The value of a hash, -1 where there is none. */
  get({ hi, lo }: Hash64): number {
    return this.#values[this.#slot(hi, lo)]!;
  }

  /** Gives a hash a value from 0 to 2³¹ - 1, unless it has one. Returns the value that it has then. */
  add({ hi, lo }: Hash64, value: number): number {
    let slot = this.#slot(hi, lo);
    if (this.#values[slot] !== EMPTY) return this.#values[slot]!;
    if (this.size >= this.#values.length * LOAD) {
      this.#grow();
      slot = this.#slot(hi, lo);
    }
    this.#put(slot, hi, lo, value);
    this.size++;
    return value;
  }

  #slot(hi: number, lo: number): number {
    const mask = this.#values.length - 1;
    let slot = (lo ^ hi) & mask;
    while (this.#values[slot] !== EMPTY && (this.#hi[slot] !== hi || this.#lo[slot] !== lo)) slot = (slot + 1) & mask;
    return slot;
  }

  #put(slot: number, hi: number, lo: number, value: number): void {
    this.#hi[slot] = hi;
    this.#lo[slot] = lo;
    this.#values[slot] = value;
  }

  #grow(): void {
    const [hi, lo, values] = [this.#hi, this.#lo, this.#values];
    const length = values.length * 2;
    this.#hi = new Int32Array(length);
    this.#lo = new Int32Array(length);
    this.#values = new Int32Array(length).fill(EMPTY);
    for (let i = 0; i < values.length; i++) {
      if (values[i] !== EMPTY) this.#put(this.#slot(hi[i]!, lo[i]!), hi[i]!, lo[i]!, values[i]!);
    }
  }
}
