// Rows of JSON lines: an object a line, blank lines left out, and of a bad line its place, never what stands there.
import { CordonError } from "#models/errors";
import { readLines } from "./lines.ts";

export interface ObjectRow {
  /** `file:line`. */
  where: string;
  row: Record<string, unknown>;
}

/** The objects of a file (plain, .gz or .zst) in its order. @throws CordonError usage/missing-file, data/unreadable, data/malformed-row */
export async function* readObjects(path: string): AsyncGenerator<ObjectRow> {
  for await (const { line, text } of readLines(path)) {
    const where = `${path}:${line}`;
    if (text.trim() !== "") yield { where, row: parseObject(text, where) };
  }
}

/**
 * Parses a line that must be a JSON object.
 * @throws CordonError data/malformed-row; the parser's own message would quote the text, so it is not passed on
 */
export function parseObject(text: string, where: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new CordonError("data/malformed-row", "the row is not valid JSON", { where });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CordonError("data/malformed-row", "the row is not a JSON object", { where });
  }
  return value as Record<string, unknown>;
}
