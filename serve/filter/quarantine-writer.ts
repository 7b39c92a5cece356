// Keeps the rows that could not be read: line number, byte offset, reason and the raw row in base64 (it may not be
// valid UTF-8, and it must not be lost nor shown by accident). The file appears only where there is such a row.
import { type CompressionLevels, ShardOutput } from "#datasets/shards/shard-output";
import type { RowFault } from "#datasets/shards/row-scanner";

export type FailureReason = RowFault | "not-utf8" | "too-long";

const SLICE = 1 << 16;

export class QuarantineWriter {
  readonly #path: string;
  readonly #levels: CompressionLevels;
  #output: ShardOutput | null = null;
  /** Bytes of the open row that do not fill three, as base64 needs. */
  #carry = Buffer.alloc(0);
  #bytes = 0;

  constructor(path: string, levels: CompressionLevels) {
    this.#path = path;
    this.#levels = levels;
  }

  /** Opens a row. line counts from 1; offset is the row's first byte in the decompressed shard. */
  begin(line: number, offset: number, reason: FailureReason): void {
    this.#output ??= new ShardOutput(this.#path, this.#levels);
    this.#bytes = 0;
    this.#output.append(Buffer.from(`{"line":${line},"offset":${offset},"reason":"${reason}","row":"`));
  }

  /** Adds bytes of the open row, in any pieces. */
  add(bytes: Uint8Array, start: number, end: number): void {
    this.#bytes += end - start;
    // In slices: a row may be as long as memory allows, and base64 takes three times as much again.
    for (let at = start; at < end; at += SLICE) {
      const all = Buffer.concat([this.#carry, bytes.subarray(at, Math.min(end, at + SLICE))]);
      const whole = all.length - (all.length % 3);
      this.#output!.append(Buffer.from(all.toString("base64", 0, whole)));
      this.#carry = Buffer.from(all.subarray(whole));
    }
  }

  end(): void {
    this.#output!.append(Buffer.from(`${this.#carry.toString("base64")}","bytes":${this.#bytes}}\n`));
    this.#carry = Buffer.alloc(0);
  }

  /** Bytes of the file written; null where no row was kept. */
  commit(): number | null {
    this.#output?.commit();
    return this.#output === null ? null : this.#output.fileBytes;
  }

  discard(): void {
    this.#output?.discard();
  }
}
