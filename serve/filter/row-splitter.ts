// Copies raw rows to documents/ or removed/, neighbouring rows of one kind in one go.
import { type CompressionLevels, ShardOutput } from "#datasets/shards/shard-output";

const NEWLINE = Uint8Array.of(10);

export class RowSplitter {
  readonly #kept: ShardOutput;
  readonly #removed: ShardOutput;
  /** The run of rows that has not been written: bytes[start, end) for `target`. */
  #target: ShardOutput;
  #bytes: Uint8Array = NEWLINE;
  #start = 0;
  #end = 0;

  constructor(documents: string, removed: string, levels: CompressionLevels) {
    this.#kept = new ShardOutput(documents, levels);
    this.#removed = new ShardOutput(removed, levels);
    this.#target = this.#kept;
  }

  /** Takes the row bytes[start, end) without its line end; it must stay as it is until `endBlock`. */
  kept(bytes: Uint8Array, start: number, end: number): void {
    this.#take(this.#kept, bytes, start, end);
  }

  removed(bytes: Uint8Array, start: number, end: number): void {
    this.#take(this.#removed, bytes, start, end);
  }

  /** Writes what is pending, before the caller's buffer changes. */
  endBlock(): void {
    if (this.#start === this.#end) return;
    this.#target.append(this.#bytes, this.#start, this.#end);
    this.#target.append(NEWLINE);
    this.#start = this.#end = 0;
  }

  /** Puts both files in their places and returns their sizes. */
  commit(): { kept: number; removed: number } {
    this.endBlock();
    this.#kept.commit();
    this.#removed.commit();
    return { kept: this.#kept.fileBytes, removed: this.#removed.fileBytes };
  }

  discard(): void {
    this.#kept.discard();
    this.#removed.discard();
  }

  #take(target: ShardOutput, bytes: Uint8Array, start: number, end: number): void {
    // The run goes on where only a line end lies between the two rows.
    if (target === this.#target && bytes === this.#bytes && start === this.#end + 1 && this.#end > this.#start) {
      this.#end = end;
      return;
    }
    this.endBlock();
    this.#target = target;
    this.#bytes = bytes;
    this.#start = start;
    this.#end = end;
  }
}
