// A compressor or decompressor of node:zlib driven synchronously, piece by piece, into memory of ours.
//
// The public stream would do, but for three things: Node's zstd decompressor stops after the first frame and drops
// the others without a word (pzstd and plain `cat` write several), every stream of a process shares libuv's four
// threads (more than about ten filter workers would wait for them), and it is 40 % slower. So this drives the stream's
// own handle as zlib's `*Sync` functions do; minizlib, and with it npm, leans on the same members.
import { createGunzip, createGzip, createZstdCompress, createZstdDecompress, constants } from "node:zlib";

interface NativeStream {
  _handle: {
    writeSync(
      flush: number,
      input: Uint8Array,
      inputOffset: number,
      inputLength: number,
      output: Uint8Array,
      outputOffset: number,
      outputLength: number,
    ): void;
    onerror(message: string, errno: number, code: string): void;
  };
  /** [output space left, input left] after a write. */
  _writeState: Uint32Array;
  close(): void;
}

export type Format = "gz" | "zst";

export class ZlibHandle {
  readonly #stream: NativeStream;
  readonly #more: number;
  readonly #end: number;
  /** What zlib said is wrong with the data; null so far. */
  problem: string | null = null;
  /** Bytes taken from the input and put into the output by the last step. */
  consumed = 0;
  produced = 0;

  private constructor(stream: unknown, format: Format) {
    this.#stream = stream as NativeStream;
    this.#more = format === "zst" ? constants.ZSTD_e_continue : constants.Z_NO_FLUSH;
    this.#end = format === "zst" ? constants.ZSTD_e_end : constants.Z_FINISH;
    if (typeof this.#stream._handle?.writeSync !== "function" || !(this.#stream._writeState instanceof Uint32Array)) {
      throw new Error(`ZlibHandle: node:zlib of Node ${process.version} has no synchronous handle`);
    }
    this.#stream._handle.onerror = (message) => {
      this.problem = message;
    };
  }

  static decompressor(format: Format): ZlibHandle {
    return new ZlibHandle(format === "zst" ? createZstdDecompress() : createGunzip(), format);
  }

  /** `level` in the format's own scale: gzip 0 to 9; zstd 1 to 22, or below -1 for faster and larger. */
  static compressor(format: Format, level: number): ZlibHandle {
    if (format === "gz") return new ZlibHandle(createGzip({ level }), format);
    const params: Record<number, number> = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
    // A window that stays in the second-level cache: 12 % faster at level 1 and 4 % larger.
    if (level <= 1) params[constants.ZSTD_c_windowLog] = 17;
    return new ZlibHandle(createZstdCompress({ params }), format);
  }

  /** One step from input[from, to) to output[start, …). `last` says that no input follows. False where the data are bad. */
  step(input: Uint8Array, from: number, to: number, output: Uint8Array, start: number, end: number, last: boolean): boolean {
    const stream = this.#stream;
    stream._handle.writeSync(last ? this.#end : this.#more, input, from, to - from, output, start, end - start);
    if (this.problem !== null) return false;
    this.produced = end - start - stream._writeState[0]!;
    this.consumed = to - from - stream._writeState[1]!;
    return true;
  }

  close(): void {
    this.#stream.close();
  }
}
