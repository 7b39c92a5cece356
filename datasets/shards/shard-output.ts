// Writes one output file, compressed on the way: under a temporary name beside its target, moved there by `commit`,
// so that a reader never sees half a file. zstd output is a single frame, as many readers stop after the first.
// There is no fsync, which would leave a worker idle for a sixth of its time: whoever must survive a power cut keeps
// `fileBytes` and compares, as the filter's --resume does.
import { closeSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { compressionOf } from "./compression.ts";
import { ZlibHandle } from "./zlib-handle.ts";

const BLOCK = 1 << 18;

export interface CompressionLevels {
  /** 0 to 9. */
  gz: number;
  /** 1 to 22; -2 and below are faster and larger. */
  zst: number;
}

export const FAST_LEVELS: CompressionLevels = { gz: 1, zst: 1 };

export class ShardOutput {
  readonly path: string;
  /** Bytes given to `append`, and bytes written to the file. */
  rawBytes = 0;
  fileBytes = 0;
  readonly #temporary: string;
  /** Opened when there is something to write, so that making an output cannot fail. */
  #fd: number | null = null;
  readonly #zlib: ZlibHandle | null;
  readonly #pending = Buffer.allocUnsafe(BLOCK);
  readonly #packed: Buffer | null;
  #packedBytes = 0;
  #fill = 0;
  #closed = false;

  /** The compression follows from the path's end. */
  constructor(path: string, levels: CompressionLevels = FAST_LEVELS) {
    this.path = path;
    this.#temporary = `${path}.${process.pid}.partial`;
    const compression = compressionOf(path);
    this.#zlib = compression === "none" ? null : ZlibHandle.compressor(compression, levels[compression]);
    this.#packed = this.#zlib === null ? null : Buffer.allocUnsafe(BLOCK);
  }

  append(bytes: Uint8Array, start = 0, end = bytes.length): void {
    this.rawBytes += end - start;
    while (start < end) {
      if (this.#fill === 0 && end - start >= BLOCK) {
        this.#write(bytes, start, end, false);
        return;
      }
      const count = Math.min(end - start, BLOCK - this.#fill);
      this.#pending.set(bytes.subarray(start, start + count), this.#fill);
      this.#fill += count;
      start += count;
      if (this.#fill === BLOCK) {
        this.#fill = 0;
        this.#write(this.#pending, 0, BLOCK, false);
      }
    }
  }

  /** Ends the file and puts it in its place. */
  commit(): void {
    this.#write(this.#pending, 0, this.#fill, true);
    this.#file();
    this.#close();
    renameSync(this.#temporary, this.path);
  }

  /** Drops what was written. Does nothing after `commit`. */
  discard(): void {
    if (this.#closed) return;
    this.#close();
    if (this.#fd !== null) rmSync(this.#temporary, { force: true });
  }

  #write(bytes: Uint8Array, from: number, to: number, last: boolean): void {
    const zlib = this.#zlib;
    if (zlib === null) return this.#writeFile(bytes, from, to);
    const packed = this.#packed!;
    for (;;) {
      if (!zlib.step(bytes, from, to, packed, this.#packedBytes, BLOCK, last)) throw new Error(`ShardOutput: ${zlib.problem}`);
      from += zlib.consumed;
      this.#packedBytes += zlib.produced;
      const full = this.#packedBytes === BLOCK;
      if (full || (last && from === to)) {
        this.#writeFile(packed, 0, this.#packedBytes);
        this.#packedBytes = 0;
      }
      if (from === to && !full) return;
    }
  }

  #writeFile(bytes: Uint8Array, from: number, to: number): void {
    this.fileBytes += to - from;
    while (from < to) from += writeSync(this.#file(), bytes, from, to - from);
  }

  #file(): number {
    if (this.#fd !== null) return this.#fd;
    mkdirSync(dirname(this.path), { recursive: true });
    return (this.#fd = openSync(this.#temporary, "w"));
  }

  #close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#zlib?.close();
    if (this.#fd !== null) closeSync(this.#fd);
  }
}
