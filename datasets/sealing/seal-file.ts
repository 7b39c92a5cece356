// Seals files, and opens sealed ones, beside or into another folder. Neither ever replaces a file.
import { createHash } from "node:crypto";
import { createReadStream, existsSync } from "node:fs";
import { rm, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { readError } from "#datasets/files/lines";
import { replaceFile } from "#datasets/files/write-file";
import { CordonError } from "#models/errors";
import type { SealKey } from "./key.ts";
import { SEALED, isSealed, unsealedName } from "./sealed-name.ts";
import { damaged, opened, sealed } from "./sealed-stream.ts";

const READ_BYTES = 256 * 1024;

export interface SealedFile {
  path: string;
  sealed: string;
  /** Of the plain file. */
  bytes: number;
  sha256: string;
  removed: boolean;
}

/**
 * Writes `path`.sealed, which its owner alone may read, and opens it again to compare.
 * @param remove unlinks the plain file afterwards; what a disk keeps of an unlinked file is beyond reach
 * @throws CordonError usage/bad-option (already sealed), usage/output-exists, usage/missing-file, seal/damaged
 */
export async function sealFile(path: string, key: SealKey, options: { remove?: boolean } = {}): Promise<SealedFile> {
  if (isSealed(path)) throw new CordonError("usage/bad-option", "the file is sealed already", { where: path });
  const target = `${path}${SEALED}`;
  refuseExisting(target, "unseal or remove it first");
  const before = await stampOf(path);
  const plain = new Tally();
  await store(target, sealed(plain.of(read(path)), key));
  try {
    const again = new Tally();
    for await (const _ of again.of(opened(read(target), key, target)));
    if (again.sha256 !== plain.sha256) throw damaged(target, "it is not what was written");
    // What was added behind the last read is in neither hash, and would be lost with the plain file.
    if ((await stampOf(path)) !== before) {
      throw new CordonError("data/unreadable", "the file changed while it was sealed", { where: path, hint: "seal it again" });
    }
  } catch (error) {
    await rm(target, { force: true });
    throw error;
  }
  if (options.remove) await rm(path);
  return { path, sealed: target, bytes: plain.bytes, sha256: plain.sha256, removed: options.remove ?? false };
}

/**
 * Writes the plain file into a folder, readable by its owner alone.
 * @throws CordonError usage/bad-option (not sealed), usage/output-exists, usage/missing-file, seal/wrong-key, seal/damaged
 */
export async function unsealFile(path: string, key: SealKey, folder: string): Promise<{ path: string; plain: string; bytes: number }> {
  if (!isSealed(path)) throw new CordonError("usage/bad-option", `the file's name does not end in ${SEALED}`, { where: path });
  const target = join(folder, basename(unsealedName(path)));
  refuseExisting(target, "choose another --out");
  const plain = new Tally();
  await store(target, plain.of(opened(read(path), key, path)));
  return { path, plain: target, bytes: plain.bytes };
}

/** Size and times of a file: another one where it was written to. */
async function stampOf(path: string): Promise<string> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [ino, size, mtimeNs, ctimeNs].join();
  } catch (error) {
    throw readError(path, error);
  }
}

async function* read(path: string): AsyncGenerator<Buffer> {
  try {
    yield* createReadStream(path, { highWaterMark: READ_BYTES }) as AsyncIterable<Buffer>;
  } catch (error) {
    throw readError(path, error);
  }
}

async function store(path: string, bytes: AsyncIterable<Buffer>): Promise<void> {
  await replaceFile(path, async (file) => {
    await file.chmod(0o600);
    await pipeline(Readable.from(bytes, { objectMode: false }), file.createWriteStream({ flush: true }));
  });
}

function refuseExisting(path: string, hint: string): void {
  if (existsSync(path)) throw new CordonError("usage/output-exists", "the file exists", { where: path, hint });
}

/** Counts and hashes what passes. */
class Tally {
  bytes = 0;
  #hash = createHash("sha256");
  #digest: string | undefined;

  async *of(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const piece of source) {
      this.bytes += piece.length;
      this.#hash.update(piece);
      yield piece;
    }
  }

  get sha256(): string {
    return (this.#digest ??= this.#hash.digest("hex"));
  }
}
