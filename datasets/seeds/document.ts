// Reads a file that is one document, JSON or YAML, whole: plain, compressed or sealed.
import { isUtf8 } from "node:buffer";
import { LineCounter, parseDocument } from "yaml";
import { readBytes } from "#datasets/files/lines";
import { CordonError } from "#models/errors";
import { extensionOf, isRecord } from "./rows.ts";

const MAX_BYTES = 2 ** 28;

/** Extensions of documents; PyRIT names its YAML files .prompt. */
export const DOCUMENT_EXTENSIONS = [".yaml", ".yml", ".prompt", ".json"] as const;

/** @throws CordonError usage/missing-file, data/unreadable; the parsers' own messages would quote the text */
export async function readDocument(path: string): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of readBytes(path)) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new CordonError("data/unreadable", `the document is larger than ${MAX_BYTES} bytes`, { where: path });
  }
  const whole = Buffer.concat(chunks);
  if (!isUtf8(whole)) throw new CordonError("data/unreadable", "the file is not valid UTF-8", { where: path, hint: "save it as UTF-8" });
  const text = whole.toString("utf8").replace(/^\uFEFF/, "");
  let where = path;
  try {
    if (extensionOf(path) === ".json") return JSON.parse(text);
    const lines = new LineCounter();
    const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, logLevel: "error" });
    const error = document.errors[0];
    if (error !== undefined) {
      where = `${path}:${lines.linePos(error.pos[0]).line}`;
      throw error;
    }
    return document.toJS();
  } catch {
    throw new CordonError("data/unreadable", `the file is no ${extensionOf(path) === ".json" ? "JSON" : "YAML"}`, { where });
  }
}

/** The objects of a list in a document, with their places. @throws CordonError data/malformed-row */
export function* itemsOf(list: unknown, path: string, set: string): Generator<{ where: string; row: Record<string, unknown> }> {
  if (!Array.isArray(list))
    throw new CordonError("data/malformed-row", "there is no list of rows", { where: path, hint: `is this ${set}?` });
  for (const [i, row] of list.entries()) {
    const where = `${path}[${i}]`;
    if (!isRecord(row)) throw new CordonError("data/malformed-row", "the row is not an object", { where, hint: `is this ${set}?` });
    yield { where, row };
  }
}
