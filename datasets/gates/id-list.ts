// Ids by number in one block of bytes: about 5 bytes beside their own, where an array of strings takes 30 and more.

export class IdList {
  length = 0;
  #bytes = Buffer.alloc(1 << 16);
  #ends = new Uint32Array(1 << 10);

  /** Adds an id and returns its number. At most 4 GiB of ids. */
  add(id: string): number {
    const start = this.#end(this.length);
    const needed = start + id.length * 3;
    if (needed > this.#bytes.length) {
      const bigger = Buffer.alloc(Math.max(needed, this.#bytes.length * 2));
      this.#bytes.copy(bigger);
      this.#bytes = bigger;
    }
    if (this.length === this.#ends.length) this.#ends = grown(this.#ends);
    this.#ends[this.length] = start + this.#bytes.write(id, start);
    return this.length++;
  }

  get(number: number): string {
    return this.#bytes.toString("utf8", this.#end(number), this.#ends[number]);
  }

  /** Where the id before `number` ends. */
  #end(number: number): number {
    return number === 0 ? 0 : this.#ends[number - 1]!;
  }
}

/** An array twice as long, with the same beginning. */
export function grown<T extends Uint8Array | Uint32Array | Int32Array>(array: T): T {
  const bigger = new (array.constructor as new (length: number) => T)(array.length * 2);
  bigger.set(array);
  return bigger;
}
