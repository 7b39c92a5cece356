// Rows of a data file, whatever its form: JSON lines, a JSON array, CSV or TSV with a header, Parquet.
import { parquetMetadataAsync, parquetReadObjects, asyncBufferFromFile } from "hyparquet";
import { compressors } from "hyparquet-compressors";
import { stat } from "node:fs/promises";
import { collect } from "#datasets/files/collect";
import { parseObject, readObjects } from "#datasets/files/json-lines";
import { readBytes, readError, readLines } from "#datasets/files/lines";
import { isSealed } from "#datasets/sealing/sealed-name";
import { CordonError } from "#models/errors";
import { readCsvRows } from "./csv-rows.ts";

export interface Row {
  /** `file:line`, or `file[index]` where there are no lines. */
  where: string;
  row: Record<string, unknown>;
}

/** The extensions that readRows takes, each also with .gz or .zst but for .parquet, and with .sealed. */
export const ROW_EXTENSIONS = [".jsonl", ".ndjson", ".json", ".csv", ".tsv", ".parquet"] as const;

/** A JSON array is held whole. */
const MAX_JSON_CHARACTERS = 2 ** 28;

/**
 * The rows of a file in its order.
 * @throws CordonError usage/bad-option (unknown extension), usage/missing-file, data/unreadable, data/malformed-row
 */
export async function* readRows(path: string): AsyncGenerator<Row> {
  switch (extensionOf(path)) {
    case ".jsonl":
    case ".ndjson":
      yield* readObjects(path);
      return;
    case ".json":
      yield* readJson(path);
      return;
    case ".csv":
    case ".tsv":
      for await (const { where, record } of readCsvRows(path)) yield { where, row: record };
      return;
    case ".parquet":
      yield* readParquet(path);
      return;
    default:
      throw new CordonError("usage/bad-option", "cannot tell the file's format", {
        where: path,
        hint: `its name should end in ${ROW_EXTENSIONS.join(", ")}`,
      });
  }
}

/** The extension that tells the format, in lower case: `.jsonl` of `x.jsonl.gz` and of `x.jsonl.gz.sealed`. */
export function extensionOf(path: string): string {
  return /(\.[a-z0-9]+)(?:\.gz|\.zst)?(?:\.sealed)?$/i.exec(path)?.[1]?.toLowerCase() ?? "";
}

/** A .json file is an array of rows, or JSON lines under another name. */
async function* readJson(path: string): AsyncGenerator<Row> {
  let lines = false;
  let whole: string[] = [];
  let characters = 0;
  for await (const { line, text } of readLines(path)) {
    const where = `${path}:${line}`;
    if (text.trim() === "") continue;
    lines ||= whole.length === 0 && isObject(text);
    if (lines) {
      yield { where, row: parseObject(text, where) };
      continue;
    }
    whole.push(text);
    characters += text.length + 1;
    if (characters > MAX_JSON_CHARACTERS) {
      throw new CordonError("data/unreadable", "the JSON array is too large to hold", {
        where: path,
        hint: "write it as JSON lines (.jsonl)",
      });
    }
  }
  if (lines || whole.length === 0) return;
  let rows: unknown;
  try {
    rows = JSON.parse(whole.join("\n"));
  } catch {
    throw new CordonError("data/unreadable", "the file is neither a JSON array nor JSON lines", { where: path });
  }
  whole = [];
  if (!Array.isArray(rows)) throw new CordonError("data/unreadable", "the file is not an array of rows", { where: path });
  for (const [i, row] of rows.entries()) {
    if (!isRecord(row)) throw new CordonError("data/malformed-row", "the row is not a JSON object", { where: `${path}[${i}]` });
    yield { where: `${path}[${i}]`, row };
  }
}

/** One row group at a time. */
async function* readParquet(path: string): AsyncGenerator<Row> {
  try {
    await stat(path);
  } catch (error) {
    throw readError(path, error);
  }
  const unreadable = (cause: unknown) =>
    new CordonError("data/unreadable", "not a Parquet file, or a damaged one", { where: path, hint: "fetch it again", cause });
  const file = isSealed(path) ? await inMemory(path) : await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file).catch((error: unknown) => {
    throw unreadable(error);
  });
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const rows = await parquetReadObjects({ file, metadata, compressors, rowStart, rowEnd }).catch((error: unknown) => {
      throw unreadable(error);
    });
    for (const [i, row] of rows.entries()) yield { where: `${path}[${rowStart + i}]`, row };
    rowStart = rowEnd;
  }
}

/** A Parquet file is read from its end, so a sealed one is opened whole. */
async function inMemory(path: string): Promise<ArrayBuffer> {
  const bytes = Buffer.concat(await collect(readBytes(path)));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
}

function isObject(text: string): boolean {
  try {
    return isRecord(JSON.parse(text));
  } catch {
    return false;
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
