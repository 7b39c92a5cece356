// Cordon's own rows as Parquet, which `--data` reads back (datasets/seeds/parquet-examples.ts). Turns and lineage are JSON.
import { ByteWriter, ParquetWriter, type SchemaElement } from "hyparquet-writer";
import type { Example } from "#datasets/example";
import type { ExportFormat } from "./format.ts";

const ROWS_PER_GROUP = 5000;

const TEXT = { type: "BYTE_ARRAY", converted_type: "UTF8" } as const;

interface Column {
  name: keyof Example;
  schema: SchemaElement[];
  value: (row: Example) => unknown;
}

const leaf = (name: keyof Example, element: Partial<SchemaElement>, value = (row: Example): unknown => row[name]): Column => ({
  name,
  schema: [{ name, repetition_type: "OPTIONAL", ...element }],
  value,
});
const texts = (name: "categories" | "unknown"): Column => ({
  name,
  schema: [
    { name, repetition_type: "OPTIONAL", num_children: 1, converted_type: "LIST" },
    { name: "list", repetition_type: "REPEATED", num_children: 1 },
    { name: "element", repetition_type: "OPTIONAL", ...TEXT },
  ],
  value: (row) => row[name],
});
const json = (name: "turns" | "lineage"): Column => leaf(name, TEXT, (row) => row[name] && JSON.stringify(row[name]));

const COLUMNS: readonly Column[] = [
  leaf("id", TEXT),
  leaf("text", TEXT),
  leaf("label", { type: "INT32" }),
  texts("categories"),
  texts("unknown"),
  leaf("labelDist", { type: "DOUBLE" }),
  leaf("lang", TEXT),
  leaf("split", TEXT),
  leaf("synthetic", { type: "BOOLEAN" }),
  leaf("source", TEXT),
  leaf("topic", TEXT),
  leaf("pair", TEXT),
  leaf("license", TEXT),
  json("turns"),
  json("lineage"),
];

export const PARQUET: ExportFormat = {
  name: "parquet",
  describe: "Cordon's own rows as a table",
  extensions: [".parquet"],
  harmful: "optional",
  async *write(rows, { tally }) {
    const schema = [{ name: "root", num_children: COLUMNS.length }, ...COLUMNS.flatMap((column) => column.schema)];
    const bytes = new ByteWriter();
    const writer = new ParquetWriter({ writer: bytes, schema, createdBy: "cordon" });
    let group: Example[] = [];
    const flush = async (): Promise<Uint8Array> => {
      const columnData = COLUMNS.map(({ name, value }) => ({ name, data: group.map((row) => value(row) ?? null) }));
      if (group.length > 0) await writer.write({ columnData });
      group = [];
      return drained(bytes);
    };
    for await (const row of rows) {
      tally.wrote();
      if (group.push(row) === ROWS_PER_GROUP) yield await flush();
    }
    yield await flush();
    await writer.finish();
    yield drained(bytes);
  },
};

/** What was written since the last call; the writer goes on counting from there. */
function drained(writer: ByteWriter): Uint8Array {
  const bytes = writer.getBytes().slice();
  writer.index = 0;
  return bytes;
}
