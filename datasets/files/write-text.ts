// Writes a file as a stream, whole or not at all; its extensions say whether it is compressed (.gz, .zst) and, behind that,
// sealed (.sealed).
import { createHash } from "node:crypto";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip, createZstdCompress } from "node:zlib";
import { type SealKey, sealKey } from "#datasets/sealing/key";
import { isSealed, unsealedName } from "#datasets/sealing/sealed-name";
import { sealed } from "#datasets/sealing/sealed-stream";
import { replaceFile } from "./write-file.ts";

export interface WriteOptions {
  /** Seals a path that ends in .sealed; by default the environment's. */
  key?: SealKey;
}

export interface Written {
  /** Size on disk. */
  bytes: number;
  /** SHA-256 of the file as it lies on disk. */
  sha256: string;
  /** SHA-256 of what was written, the same whether or not it is compressed or sealed. */
  contentSha256: string;
}

type Pieces<T> = Iterable<T> | AsyncIterable<T>;

const CHUNK_CHARACTERS = 64 * 1024;

/** Writes pieces of text, of any size; see writeBytes. */
export function writeText(path: string, pieces: Pieces<string>, options: WriteOptions = {}): Promise<Written> {
  return writeBytes(path, inChunks(pieces), options);
}

/**
 * Writes the pieces one after another. The folder is made when it is missing, and a file that stood there is replaced only
 * once the new one is complete.
 * @throws CordonError seal/no-key
 */
export async function writeBytes(path: string, pieces: Pieces<string | Uint8Array>, options: WriteOptions = {}): Promise<Written> {
  const key = isSealed(path) ? (options.key ?? sealKey({ forWhat: path })) : undefined;
  const name = unsealedName(path);
  const codec = name.endsWith(".gz") ? [createGzip()] : name.endsWith(".zst") ? [createZstdCompress()] : [];
  const seal = key === undefined ? [] : [(plain: AsyncIterable<Buffer>) => sealed(plain, key)];
  const content = new Measure();
  // What is neither compressed nor sealed lies on disk as it is.
  const disk = codec.length + seal.length === 0 ? content : new Measure();
  await replaceFile(path, (file) =>
    pipeline([
      Readable.from(pieces, { objectMode: false }),
      content,
      ...codec,
      ...seal,
      ...(disk === content ? [] : [disk]),
      file.createWriteStream({ flush: true }),
    ]),
  );
  return { bytes: disk.bytes, sha256: disk.sha256(), contentSha256: content.sha256() };
}

/** So that a million short lines are not a million chunks. */
async function* inChunks(pieces: Pieces<string>): AsyncGenerator<string> {
  let text = "";
  for await (const piece of pieces) {
    text += piece;
    if (text.length < CHUNK_CHARACTERS) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}

/** Counts and hashes what passes. */
class Measure extends Transform {
  bytes = 0;
  readonly #hash = createHash("sha256");

  sha256(): string {
    return this.#hash.copy().digest("hex");
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }
}
