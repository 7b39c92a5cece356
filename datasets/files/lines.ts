// Reads a data file by line, as a stream: plain, gzip (.gz) or zstandard (.zst), of one or several members, and any of these
// sealed (.sealed), opened in memory alone. Lines end at LF or CRLF only, so that a raw U+2028 inside a JSON string stays
// inside its line (node:readline would cut there).
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { sealKey } from "#datasets/sealing/key";
import { isSealed, unsealedName } from "#datasets/sealing/sealed-name";
import { opened } from "#datasets/sealing/sealed-stream";
import { CordonError } from "#models/errors";
import { decompressZstd } from "./zstd-frames.ts";

export interface Line {
  /** Counted from 1. */
  line: number;
  text: string;
}

export interface ReadOptions {
  /** The longest line that is read, in bytes; longer ones are an error, so that memory stays bounded. */
  maxLineBytes?: number;
}

const MAX_LINE_BYTES = 64 * 2 ** 20;
const CHUNK_BYTES = 256 * 1024;
const LF = 0x0a;
const CR = 0x0d;

/**
 * The opened and decompressed bytes of a file, by its extension. The key of a sealed one comes from the environment.
 * @throws CordonError usage/missing-file, seal/*, data/unreadable (while reading: a damaged or truncated file, a folder)
 */
export async function* readBytes(path: string): AsyncGenerator<Buffer> {
  const name = unsealedName(path);
  const key = isSealed(path) ? sealKey({ forWhat: path }) : undefined;
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const plain = key === undefined ? file : Readable.from(opened(file, key, path));
  const codec = name.endsWith(".gz") ? createGunzip({ chunkSize: CHUNK_BYTES }) : undefined;
  if (codec !== undefined) plain.once("error", (error) => codec.destroy(error));
  const stream = codec === undefined ? plain : plain.pipe(codec);
  try {
    yield* name.endsWith(".zst") ? decompressZstd(stream) : (stream as AsyncIterable<Buffer>);
  } catch (error) {
    throw readError(path, error);
  } finally {
    plain.destroy();
    file.destroy();
    codec?.destroy();
  }
}

/**
 * The lines of a file, without their ends and without a byte order mark. Empty lines are given too.
 * @throws CordonError usage/missing-file, data/unreadable, data/malformed-row (not UTF-8, or a line too long)
 */
export async function* readLines(path: string, options: ReadOptions = {}): AsyncGenerator<Line> {
  const limit = options.maxLineBytes ?? MAX_LINE_BYTES;
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  let line = 0;
  let rest: Buffer[] = [];
  let restBytes = 0;

  const decode = (bytes: Buffer): Line => {
    line++;
    if (bytes.length > limit) throw tooLong();
    const end = bytes.at(-1) === CR ? bytes.length - 1 : bytes.length;
    try {
      const text = decoder.decode(bytes.subarray(0, end));
      return { line, text: line === 1 && text.startsWith("\uFEFF") ? text.slice(1) : text };
    } catch {
      throw new CordonError("data/malformed-row", "the line is not valid UTF-8", { where: `${path}:${line}` });
    }
  };
  const tooLong = () =>
    new CordonError("data/malformed-row", `the line is longer than ${limit} bytes`, {
      where: `${path}:${line}`,
      hint: "is it one row a line?",
    });

  for await (const chunk of readBytes(path)) {
    let from = 0;
    for (let to = chunk.indexOf(LF); to !== -1; to = chunk.indexOf(LF, from)) {
      const head = chunk.subarray(from, to);
      if (restBytes === 0) yield decode(head);
      else {
        rest.push(head);
        yield decode(Buffer.concat(rest));
        rest = [];
        restBytes = 0;
      }
      from = to + 1;
    }
    if (from === chunk.length) continue;
    rest.push(chunk.subarray(from));
    restBytes += chunk.length - from;
    if (restBytes > limit + 1) {
      line++;
      throw tooLong();
    }
  }
  if (restBytes > 0) yield decode(Buffer.concat(rest));
}

/** One line for what the file system or the decompressor reported. */
export function readError(path: string, error: unknown): unknown {
  const code = (error as { code?: unknown } | null)?.code;
  if (error instanceof CordonError || typeof code !== "string") return error;
  if (code === "ENOENT" || code === "ENOTDIR") return new CordonError("usage/missing-file", "no such file", { where: path, cause: error });
  if (code === "EISDIR") {
    return new CordonError("data/unreadable", "a folder stands where a file is read", {
      where: path,
      hint: "name its files, such as folder/*.jsonl",
    });
  }
  if (code === "EACCES" || code === "EPERM")
    return new CordonError("data/unreadable", "the file may not be read", { where: path, cause: error });
  const why =
    code === "Z_BUF_ERROR" || code === "ZSTD_error_srcSize_wrong" ? "the compressed file is cut short" : "the file could not be read";
  return new CordonError("data/unreadable", `${why} [${code}]`, { where: path, hint: "fetch or write it again", cause: error });
}
