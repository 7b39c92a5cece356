// Sealed files: AES-256-GCM over chunks in the STREAM construction (Hoang, Reyhanitabar, Rogaway and Vizár, "Online
// Authenticated-Encryption and its Nonce-Reuse Misuse-Resistance", CRYPTO 2015), laid out as in age (C2SP.org/age).
//
//   header  magic "CRDNSEAL" (8) · version 1 (1) · key id (8) · salt (32)
//   chunk   64 KiB of the file, encrypted, and its tag (16); the last may be shorter and is empty only in an empty file
//
// Each file has its own key, HKDF-SHA256(master key, salt). A chunk's nonce is its index (11 bytes, big-endian) and a
// byte that is 1 in the last chunk, and the header is authenticated with each. So chunks that are changed, left out, put
// in another order, taken from another file or added behind the last do not open.
import { createCipheriv, createDecipheriv, randomBytes } from "node:crypto";
import { CordonError } from "#models/errors";
import { KEY_ID_BYTES, type SealKey, derivedKey } from "./key.ts";

const MAGIC = Buffer.from("CRDNSEAL", "latin1");
const VERSION = 1;
const SALT_BYTES = 32;
const HEADER_BYTES = MAGIC.length + 1 + KEY_ID_BYTES + SALT_BYTES;
export const CHUNK_BYTES = 64 * 1024;
const TAG_BYTES = 16;
const CIPHER = "aes-256-gcm";

/** The bytes of a sealed file for those of a plain one. Memory: a chunk. */
export async function* sealed(plain: AsyncIterable<Uint8Array>, key: SealKey): AsyncGenerator<Buffer> {
  const salt = randomBytes(SALT_BYTES);
  const header = Buffer.concat([MAGIC, Buffer.from([VERSION]), key.id, salt]);
  const fileKey = derivedKey(key, salt, "file");
  yield header;
  for await (const { chunk, index, last } of chunksOf(plain, CHUNK_BYTES)) {
    const cipher = createCipheriv(CIPHER, fileKey, nonceOf(index, last)).setAAD(header);
    yield Buffer.concat([cipher.update(chunk), cipher.final(), cipher.getAuthTag()]);
  }
}

/**
 * The bytes that were sealed. Each chunk is given out once it is proven; that the end is missing shows at the end.
 * @param where the file's name, for errors
 * @throws CordonError seal/wrong-key, seal/damaged
 */
export async function* opened(stored: AsyncIterable<Uint8Array>, key: SealKey, where: string): AsyncGenerator<Buffer> {
  const bytes = withHeader(stored, where);
  try {
    const header = (await bytes.next()).value as Buffer;
    refuseOtherKey(header.subarray(MAGIC.length + 1, -SALT_BYTES), key, where);
    const fileKey = derivedKey(key, header.subarray(-SALT_BYTES), "file");
    for await (const { chunk, index, last } of chunksOf(bytes, CHUNK_BYTES + TAG_BYTES)) {
      if (chunk.length < TAG_BYTES) throw damaged(where, "it is cut short");
      const decipher = createDecipheriv(CIPHER, fileKey, nonceOf(index, last)).setAAD(header);
      decipher.setAuthTag(chunk.subarray(-TAG_BYTES));
      const plain = decipher.update(chunk.subarray(0, -TAG_BYTES));
      try {
        decipher.final();
      } catch {
        throw damaged(where, last ? "it is cut short or changed" : "it is changed");
      }
      yield plain;
    }
  } finally {
    await bytes.return(undefined);
  }
}

/** @param id of the key that it was sealed with @throws CordonError seal/wrong-key */
export function refuseOtherKey(id: Buffer, key: SealKey, where: string): void {
  if (id.equals(key.id)) return;
  throw new CordonError("seal/wrong-key", `it was sealed with the key ${id.toString("hex")}, not with ${key.id.toString("hex")}`, {
    where,
    hint: "give the key that it was sealed with",
  });
}

export function damaged(where: string, what: string): CordonError {
  return new CordonError("seal/damaged", `the sealed data does not open: ${what}`, { where, hint: "take it from a copy" });
}

function nonceOf(index: number, last: boolean): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = last ? 1 : 0;
  return nonce;
}

/** The header first, then the rest in pieces of any size. */
async function* withHeader(stored: AsyncIterable<Uint8Array>, where: string): AsyncGenerator<Buffer> {
  let held: Buffer | null = Buffer.alloc(0);
  for await (const piece of stored) {
    if (held === null) {
      yield asBuffer(piece);
      continue;
    }
    held = Buffer.concat([held, piece]);
    if (held.length < HEADER_BYTES) continue;
    yield checked(held.subarray(0, HEADER_BYTES), where);
    yield held.subarray(HEADER_BYTES);
    held = null;
  }
  if (held !== null) throw damaged(where, "it is no sealed file, or cut short");
}

function checked(header: Buffer, where: string): Buffer {
  if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw damaged(where, "it is no sealed file");
  const version = header[MAGIC.length];
  if (version !== VERSION) throw damaged(where, `its format is ${version}, known is ${VERSION}`);
  return header;
}

/** Pieces of any size as chunks of `size`; the last holds the rest. One chunk is kept back, since only the end tells the last. */
async function* chunksOf(pieces: AsyncIterable<Uint8Array>, size: number): AsyncGenerator<{ chunk: Buffer; index: number; last: boolean }> {
  let held: Buffer[] = [];
  let bytes = 0;
  let index = 0;
  for await (const piece of pieces) {
    held.push(asBuffer(piece));
    bytes += piece.length;
    if (bytes <= size) continue;
    const all = Buffer.concat(held);
    let at = 0;
    for (; all.length - at > size; at += size) yield { chunk: all.subarray(at, at + size), index: index++, last: false };
    held = [all.subarray(at)];
    bytes = all.length - at;
  }
  yield { chunk: Buffer.concat(held), index, last: true };
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
