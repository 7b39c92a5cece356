// Cuts a shard into lines, block by block, in memory that the longest allowed row bounds. Blocks are views on one
// buffer that the next block reuses; a row longer than allowed is handed out in pieces, so that nothing is lost.
import type { ShardInput } from "./shard-input.ts";

const BLOCK = 1 << 20;

export interface LineBlock {
  /**
   * `lines`: whole lines, each but perhaps the shard's last one ending in \n.
   * `piece`: part of a row that is too long, without its \n.
   */
  kind: "lines" | "piece";
  bytes: Buffer;
  start: number;
  end: number;
  /** Bytes of the decompressed shard before `start`. */
  offset: number;
  /** Of a piece: whether the row ends with it. */
  last: boolean;
}

export class LineReader {
  readonly #input: ShardInput;
  readonly #limit: number;
  readonly #block: LineBlock;
  /** Filled part of the buffer that has not been handed out. */
  #from = 0;
  #to = 0;
  #offset = 0;
  #ended = false;
  #inPiece = false;

  /** `maxRowBytes`: rows up to this length come as lines. */
  constructor(input: ShardInput, maxRowBytes: number) {
    this.#input = input;
    this.#limit = Math.max(BLOCK, maxRowBytes + 1);
    this.#block = { kind: "lines", bytes: Buffer.allocUnsafe(BLOCK), start: 0, end: 0, offset: 0, last: false };
    this.#fill();
    // A byte order mark is no part of the first row.
    const { bytes } = this.#block;
    if (this.#to >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) this.#from = this.#offset = 3;
  }

  /** The next block, or null at the end. The object and its bytes are reused. */
  next(): LineBlock | null {
    for (;;) {
      this.#fill();
      if (this.#from === this.#to) return this.#inPiece ? this.#take("piece", this.#to, true) : null;
      const { bytes } = this.#block;
      if (this.#inPiece) {
        const newline = bytes.subarray(this.#from, this.#to).indexOf(10);
        if (newline >= 0) return this.#take("piece", this.#from + newline, true);
        return this.#take("piece", this.#to, this.#ended);
      }
      const newline = bytes.subarray(this.#from, this.#to).lastIndexOf(10);
      if (newline >= 0) return this.#take("lines", this.#from + newline + 1, false);
      if (this.#ended && this.#to - this.#from < this.#limit) return this.#take("lines", this.#to, false);
      if (bytes.length >= this.#limit) return this.#take("piece", this.#to, this.#ended);
      this.#grow();
    }
  }

  #take(kind: LineBlock["kind"], end: number, last: boolean): LineBlock {
    const block = this.#block;
    block.kind = kind;
    block.start = this.#from;
    block.end = end;
    block.offset = this.#offset;
    block.last = last;
    this.#offset += end - this.#from;
    this.#from = end;
    this.#inPiece = kind === "piece" && !last;
    if (kind === "piece" && last && end < this.#to) {
      // Its newline.
      this.#from++;
      this.#offset++;
    }
    return block;
  }

  /** Moves what is left to the front and reads until the buffer is full or the shard ends. */
  #fill(): void {
    const { bytes } = this.#block;
    if (this.#ended) return;
    if (this.#from > 0) {
      bytes.copyWithin(0, this.#from, this.#to);
      this.#to -= this.#from;
      this.#from = 0;
    }
    while (this.#to < bytes.length) {
      const count = this.#input.read(bytes, this.#to, bytes.length);
      if (count === 0) {
        this.#ended = true;
        return;
      }
      this.#to += count;
    }
  }

  #grow(): void {
    const larger = Buffer.allocUnsafe(Math.min(this.#limit, this.#block.bytes.length * 2));
    larger.set(this.#block.bytes.subarray(this.#from, this.#to));
    this.#to -= this.#from;
    this.#from = 0;
    this.#block.bytes = larger;
  }
}

/** End of the line that starts at `at` in a block of lines, its \n not included. */
export function lineEnd(block: LineBlock, at: number): number {
  const newline = block.bytes.indexOf(10, at);
  return newline < 0 || newline >= block.end ? block.end : newline;
}

/** Whether bytes[start, end) hold JSON white space only. */
export function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const byte = bytes[i]!;
    if (byte !== 0x20 && byte !== 0x0d && byte !== 0x09 && byte !== 0x0a) return false;
  }
  return true;
}
