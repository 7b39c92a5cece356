// Reads a shard's bytes, decompressed, into memory of the caller's: plain, gzip (any number of members) or zstd (any
// number of frames). A file that is cut short or damaged is an error that names the byte, never a silent end.
import { createHash, type Hash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { CordonError } from "#models/errors";
import { compressionOf } from "./compression.ts";
import { ZlibHandle } from "./zlib-handle.ts";

const PIECE = 1 << 18;

export class ShardInput {
  readonly path: string;
  /** Bytes of the file as it stood when opened. */
  readonly size: number;
  readonly modifiedMs: number;
  /** Bytes of the file taken in so far. */
  position = 0;
  readonly #fd: number;
  readonly #hash: Hash = createHash("sha256");
  readonly #zlib: ZlibHandle | null;
  readonly #piece = Buffer.allocUnsafe(PIECE);
  #from = 0;
  #to = 0;
  #read = 0;
  #done = false;

  constructor(path: string) {
    this.path = path;
    try {
      this.#fd = openSync(path, "r");
    } catch (cause) {
      throw new CordonError("data/unreadable", "cannot open the shard", {
        where: path,
        hint: (cause as Error).message.split(",")[0]!,
        cause,
      });
    }
    const stat = fstatSync(this.#fd);
    this.size = stat.size;
    this.modifiedMs = stat.mtimeMs;
    const compression = compressionOf(path);
    this.#zlib = compression === "none" ? null : ZlibHandle.decompressor(compression);
  }

  /**
   * Fills output[start, end) as far as it goes and returns the bytes written; 0 at the end of the shard.
   * @throws CordonError data/unreadable where the file is cut short, damaged or goes on after its end.
   */
  read(output: Uint8Array, start: number, end: number): number {
    if (this.#zlib === null) {
      const count = this.#readFile(output, start, end - start);
      this.position += count;
      if (count === 0 && start < end && this.position < this.size) this.#fail(`the file shrank while it was read, from ${this.size} bytes`);
      return count;
    }
    let at = start;
    while (at < end && !this.#done) {
      if (this.#from === this.#to && this.#read < this.size) this.#refill();
      const last = this.#read >= this.size;
      if (!this.#zlib.step(this.#piece, this.#from, this.#to, output, at, end, last)) this.#fail(this.#zlib.problem!);
      const { consumed, produced } = this.#zlib;
      this.#from += consumed;
      this.position += consumed;
      at += produced;
      if (this.#from === this.#to) {
        if (last && at < end) this.#done = true;
      } else if (consumed === 0 && produced === 0) this.#padding();
    }
    return at - start;
  }

  /** SHA-256 of the file, once it has been read to its end. */
  sha256(): string {
    return this.#hash.digest("hex");
  }

  close(): void {
    this.#zlib?.close();
    closeSync(this.#fd);
  }

  #refill(): void {
    this.#from = 0;
    this.#to = this.#readFile(this.#piece, 0, PIECE);
    if (this.#to === 0) this.#fail(`the file shrank while it was read, from ${this.size} bytes`);
  }

  #readFile(target: Uint8Array, start: number, length: number): number {
    let count: number;
    try {
      count = readSync(this.#fd, target, start, length, null);
    } catch (cause) {
      throw new CordonError("data/unreadable", "cannot read the shard", { where: `${this.path}, byte ${this.#read}`, cause });
    }
    this.#read += count;
    this.#hash.update(target.subarray(start, start + count));
    return count;
  }

  /** Zeros after the last gzip member are padding (tar and tapes write them); anything else would be lost data. */
  #padding(): void {
    for (;;) {
      for (; this.#from < this.#to; this.#from++, this.position++) {
        if (this.#piece[this.#from] !== 0) this.#fail("other bytes follow the compressed data");
      }
      if (this.#read >= this.size) break;
      this.#refill();
    }
    this.#done = true;
  }

  #fail(problem: string): never {
    const cut = problem === "unexpected end of file";
    const what = cut ? "the compressed data end too early (cut file?)" : `damaged shard, ${problem}`;
    // Damage lies in the piece that begins here; what is missing, at the end.
    throw new CordonError("data/unreadable", what, { where: `${this.path}, byte ${cut ? this.#read : this.position}` });
  }
}
