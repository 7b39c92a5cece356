// The scores of a shard, for a run that chooses its threshold after scoring: per row two uint32 in native order, the
// score in billionths and the text's length in code points. The quantile over all shards is exact and needs 1 MB
// whatever their number of rows.
import { closeSync, mkdirSync, openSync, readSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { fromBillionths, UNSCORED } from "./billionths.ts";

const BLOCK = 1 << 16;

export class StoredScoresWriter {
  readonly path: string;
  /** Bytes written, once committed. */
  bytes = 0;
  readonly #temporary: string;
  #fd: number | null = null;
  readonly #block = new Uint32Array(BLOCK);
  #fill = 0;
  #closed = false;

  constructor(path: string) {
    this.path = path;
    this.#temporary = `${path}.${process.pid}.partial`;
  }

  /** `billionths`, or UNSCORED for a row that failed. */
  append(billionths: number, codePoints: number): void {
    this.#block[this.#fill++] = billionths;
    this.#block[this.#fill++] = codePoints;
    if (this.#fill === BLOCK) this.#flush();
  }

  commit(): void {
    this.#flush();
    this.#file();
    this.#close();
    renameSync(this.#temporary, this.path);
  }

  discard(): void {
    if (this.#closed) return;
    this.#close();
    if (this.#fd !== null) rmSync(this.#temporary, { force: true });
  }

  #flush(): void {
    const bytes = new Uint8Array(this.#block.buffer, 0, this.#fill * 4);
    this.bytes += bytes.length;
    for (let from = 0; from < bytes.length;) from += writeSync(this.#file(), bytes, from);
    this.#fill = 0;
  }

  #file(): number {
    if (this.#fd !== null) return this.#fd;
    mkdirSync(dirname(this.path), { recursive: true });
    return (this.#fd = openSync(this.#temporary, "w"));
  }

  #close(): void {
    this.#closed = true;
    if (this.#fd !== null) closeSync(this.#fd);
  }
}

/** Blocks of a file of stored scores, in order, whole rows each; the array is reused. */
export function* readStoredScores(path: string): Generator<Uint32Array> {
  const block = new Uint32Array(BLOCK);
  const bytes = new Uint8Array(block.buffer);
  const fd = openSync(path, "r");
  try {
    for (;;) {
      let filled = 0;
      for (;;) {
        const count = readSync(fd, bytes, filled, bytes.length - filled, null);
        filled += count;
        if (count === 0 || filled === bytes.length) break;
      }
      if (filled === 0) return;
      yield block.subarray(0, filled >> 2);
    }
  } finally {
    closeSync(fd);
  }
}

/**
 * The lowest threshold at which at most `share` (0 to 1) of the scored rows are removed. Rows with one score stay
 * together, so fewer may go; none go where the highest score is shared by too many.
 */
export function thresholdForShare(paths: readonly string[], share: number): number {
  // Radix selection: count by the high 16 bits, then by the low 16 bits within one of them.
  const high = new Float64Array(1 << 16);
  let rows = 0;
  for (const path of paths) {
    for (const block of readStoredScores(path)) {
      for (let i = 0; i < block.length; i += 2) {
        const value = block[i]!;
        if (value === UNSCORED) continue;
        high[value >>> 16]!++;
        rows++;
      }
    }
  }
  let allowed = Math.floor(share * rows + 1e-9);
  if (allowed >= rows) return 0;
  let prefix = high.length - 1;
  while (high[prefix]! <= allowed) allowed -= high[prefix--]!;

  const low = new Float64Array(1 << 16);
  for (const path of paths) {
    for (const block of readStoredScores(path)) {
      for (let i = 0; i < block.length; i += 2) {
        const value = block[i]!;
        if (value !== UNSCORED && value >>> 16 === prefix) low[value & 0xffff]!++;
      }
    }
  }
  let suffix = low.length - 1;
  while (low[suffix]! <= allowed) allowed -= low[suffix--]!;
  // The highest score that must stay; whatever is over it goes.
  return fromBillionths(prefix * 0x10000 + suffix + 1);
}
