// Writes JSON lines, whole or not at all.
import { createHash } from "node:crypto";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip, createZstdCompress } from "node:zlib";
import { replaceFile } from "./write-file.ts";

export interface Written {
  rows: number;
  /** Size on disk. */
  bytes: number;
  /** SHA-256 of the file as it lies on disk. */
  sha256: string;
}

const CHUNK_CHARACTERS = 64 * 1024;

/**
 * Writes one row a line; a path ending in .gz or .zst is compressed. The folder is made when it is missing, and a file
 * that stood there is replaced only once the new one is complete.
 */
export async function writeJsonl(path: string, rows: Iterable<unknown> | AsyncIterable<unknown>): Promise<Written> {
  const hash = createHash("sha256");
  let count = 0;
  let bytes = 0;

  async function* chunks(): AsyncGenerator<string> {
    let text = "";
    for await (const row of rows) {
      const json = JSON.stringify(row);
      if (json === undefined) throw new TypeError(`writeJsonl: a row must be a JSON value, got ${typeof row}`);
      text += `${json}\n`;
      count++;
      if (text.length < CHUNK_CHARACTERS) continue;
      yield text;
      text = "";
    }
    if (text !== "") yield text;
  }
  const measure = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  const codec = path.endsWith(".gz") ? [createGzip()] : path.endsWith(".zst") ? [createZstdCompress()] : [];

  await replaceFile(path, (file) =>
    pipeline([Readable.from(chunks(), { objectMode: false }), ...codec, measure, file.createWriteStream({ flush: true })]),
  );
  return { rows: count, bytes, sha256: hash.digest("hex") };
}
