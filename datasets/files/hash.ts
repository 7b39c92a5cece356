// Hashes that name data: of files for provenance, of text for stable ids.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readError } from "./lines.ts";

/** SHA-256 of a file's bytes as they lie on disk (not decompressed), 64 hex digits. */
export async function sha256File(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  } catch (error) {
    throw readError(path, error);
  }
  return hash.digest("hex");
}

/** SHA-256 of a text in UTF-8, 64 hex digits. */
export function sha256Text(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}

/** The id of a text that has none: 16 hex digits of its SHA-256, the same wherever and whenever it is read. */
export function textId(text: string): string {
  return sha256Text(text).slice(0, 16);
}
