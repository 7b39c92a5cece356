// Decompresses zstandard files of any number of frames. Node's decoder stops after the first frame and drops the rest in
// silence, while `cat a.zst b.zst`, pzstd and the seekable format all write several; so frames are told apart here by
// their headers (RFC 8878, section 3.1) and decoded one by one. Skippable frames are passed over.
import { Readable } from "node:stream";
import { createZstdDecompress } from "node:zlib";

const ZSTD_MAGIC = 0xfd2fb528;
const SKIPPABLE_MAGIC = 0x184d2a50;
const OUTPUT_BYTES = 256 * 1024;

/**
 * The decompressed bytes of a zstandard stream.
 * @throws Error with the decoder's `code`; Z_BUF_ERROR when the stream ends inside a frame
 */
export async function* decompressZstd(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const input = source[Symbol.asyncIterator]();
  let pending: Buffer | undefined;
  const next = async (): Promise<Buffer | undefined> => {
    if (pending !== undefined && pending.length > 0) return pending;
    do {
      const step = await input.next();
      pending = step.done ? undefined : step.value;
    } while (pending !== undefined && pending.length === 0);
    return pending;
  };

  try {
    while ((await next()) !== undefined) {
      const scanner = new FrameScanner();
      async function* frame(): AsyncGenerator<Buffer> {
        const held: Buffer[] = [];
        while (!scanner.done) {
          const chunk = await next();
          if (chunk === undefined) throw fault("Z_BUF_ERROR", "the stream ends inside a frame");
          const used = scanner.scan(chunk);
          pending = chunk.subarray(used);
          if (scanner.kind === "skippable") held.length = 0;
          else held.push(chunk.subarray(0, used));
          if (scanner.kind === "data") yield* held.splice(0);
        }
      }
      const frames = frame();
      const first = await frames.next();
      // The decoder would take an empty input for a file cut short.
      if (first.done) continue;
      const pieces = Readable.from(prepend(first.value, frames));
      const codec = createZstdDecompress({ chunkSize: OUTPUT_BYTES });
      pieces.once("error", (error) => codec.destroy(error));
      for await (const chunk of pieces.pipe(codec)) yield chunk as Buffer;
    }
  } finally {
    await input.return?.();
  }
}

async function* prepend<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}

/** Finds where a frame ends without decoding it. */
class FrameScanner {
  done = false;
  kind: "unknown" | "data" | "skippable" = "unknown";
  #state: "magic" | "skippable-size" | "descriptor" | "block" = "magic";
  /** Bytes of the field being read; a field that lies across two chunks is put together here. */
  #field: number[] = [];
  #fieldBytes = 4;
  /** Bytes to pass over before the next field. */
  #skip = 0;
  #last = false;
  #checksum = false;

  /** Takes bytes up to the end of the frame; returns how many. */
  scan(chunk: Buffer): number {
    let at = 0;
    while (at < chunk.length) {
      if (this.#skip > 0) {
        const step = Math.min(this.#skip, chunk.length - at);
        this.#skip -= step;
        at += step;
      } else {
        this.#field.push(chunk[at++]!);
        if (this.#field.length === this.#fieldBytes) this.#take(this.#field.reduceRight((value, byte) => value * 256 + byte, 0));
      }
      if (this.#skip === 0 && this.#last) {
        this.done = true;
        break;
      }
    }
    return at;
  }

  /** Takes a whole field (little-endian) and says what is read next. */
  #take(value: number): void {
    this.#field = [];
    switch (this.#state) {
      case "magic":
        if (value === ZSTD_MAGIC) {
          this.kind = "data";
          this.#expect("descriptor", 1);
        } else if (value >= SKIPPABLE_MAGIC && value <= SKIPPABLE_MAGIC + 15) {
          this.kind = "skippable";
          this.#expect("skippable-size", 4);
        } else throw fault("ZSTD_error_prefix_unknown", "not a zstandard frame");
        return;
      case "skippable-size":
        this.#skip = value;
        this.#last = true;
        return;
      case "descriptor": {
        const singleSegment = (value & 0x20) !== 0;
        this.#checksum = (value & 0x04) !== 0;
        const contentSize = [singleSegment ? 1 : 0, 2, 4, 8][value >> 6]!;
        const dictionaryId = [0, 1, 2, 4][value & 3]!;
        this.#skip = (singleSegment ? 0 : 1) + dictionaryId + contentSize;
        this.#expect("block", 3);
        return;
      }
      case "block": {
        const repeated = ((value >> 1) & 3) === 1;
        this.#last = (value & 1) === 1;
        this.#skip = (repeated ? 1 : value >> 3) + (this.#last && this.#checksum ? 4 : 0);
      }
    }
  }

  #expect(state: "skippable-size" | "descriptor" | "block", bytes: number): void {
    this.#state = state;
    this.#fieldBytes = bytes;
  }
}

function fault(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}
