// Cordon's own rows in Parquet, as `cordon export --format parquet` writes them; a file of other columns is read as any
// table is, by its columns text and label.
import type { Example } from "#datasets/example";
import { toExample } from "#datasets/files/read-examples";
import { sourceName } from "#datasets/sources/table";
import { CordonError } from "#models/errors";
import { readGeneric } from "./generic.ts";
import { readRows } from "./rows.ts";

/** Columns that hold JSON, since their shape is free. */
const JSON_COLUMNS = ["turns", "lineage"] as const;

/** @throws CordonError usage/missing-file, data/unreadable, data/malformed-row */
export async function* readParquetExamples(path: string): AsyncGenerator<Example> {
  const source = sourceName(path);
  for await (const { row, where } of readRows(path)) {
    if (!("categories" in row && "unknown" in row)) {
      yield* readGeneric(path);
      return;
    }
    yield toExample(plain(row, where), source, where);
  }
}

/** The row without what is null, its JSON parsed. */
function plain(row: Record<string, unknown>, where: string): Record<string, unknown> {
  const fields = Object.entries(row).filter(([, value]) => value !== null && value !== undefined);
  return Object.fromEntries(
    fields.map(([name, value]) => [name, JSON_COLUMNS.some((column) => column === name) ? parsed(value, name, where) : value]),
  );
}

function parsed(value: unknown, name: string, where: string): unknown {
  try {
    return JSON.parse(value as string);
  } catch {
    throw new CordonError("data/malformed-row", `${name} holds no JSON`, { where });
  }
}
