// Any set of labelled text (JSON lines, JSON, CSV, TSV, Parquet) by a mapping of its columns.
import { z } from "zod";
import { exampleSchema, type Example } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import { mapLabels } from "#datasets/sources/map-labels";
import { sourceName } from "#datasets/sources/table";
import { CordonError } from "#models/errors";
import { CATEGORY_IDS, type CategoryId } from "#models/taxonomy";
import { isRecord, readRows, type Row } from "./rows.ts";
import { textColumn } from "./text-row.ts";

const binary = z.union([z.literal(0), z.literal(1)]);

export const columnMappingSchema = z.strictObject({
  /** Column of the text. */
  text: z.string().default("text"),
  /** Column of the label; its values are looked up in `labelValues`. */
  label: z.string().default("label"),
  /** The label of every row, for a set without such a column. */
  constantLabel: binary.optional(),
  /** Label values, compared as text without regard to case. */
  labelValues: z
    .record(z.string(), binary)
    .default({ 0: 0, 1: 1, false: 0, true: 1, safe: 0, unsafe: 1, harmless: 0, harmful: 1, benign: 0 }),
  /** Column of the categories, when there is one: a name, names separated by | or ;, a list, or a record of booleans. */
  category: z.string().optional(),
  /** Category names that are to mean one of ours; others go through the source's label map. */
  categoryValues: z.record(z.string(), z.enum(CATEGORY_IDS as [CategoryId, ...CategoryId[]])).default({}),
  /** Column of the id; without it, the text's hash. */
  id: z.string().optional(),
  /** Source whose label map applies; without it, the file's base name. */
  source: z.string().optional(),
});

export type ColumnMapping = z.input<typeof columnMappingSchema>;

/**
 * The rows as examples.
 * @throws CordonError usage/bad-option (the mapping), data/malformed-row (file:line and column, never a value)
 */
export async function* readGeneric(path: string, mapping: ColumnMapping = {}): AsyncGenerator<Example> {
  const checked = columnMappingSchema.safeParse(mapping);
  if (!checked.success) {
    const issue = checked.error.issues[0]!;
    throw new CordonError("usage/bad-option", `column mapping: ${[...issue.path.map(String), issue.message].join(": ")}`);
  }
  const columns = checked.data;
  const source = columns.source ?? sourceName(path);
  const labelValues = lowerCased(columns.labelValues);
  const categoryValues = lowerCased(columns.categoryValues);

  for await (const row of readRows(path)) {
    const text = textColumn(row, columns.text, "the right column mapping");
    const label = columns.constantLabel ?? labelOf(row, columns.label, labelValues);
    const names = columns.category === undefined ? [] : categoryNames(row, columns.category);
    const own = names.map((name) => categoryValues.get(name.toLowerCase())).filter((c) => c !== undefined);
    const mapped = mapLabels(source, { label, labels: names.filter((name) => !categoryValues.has(name.toLowerCase())) });
    const categories = CATEGORY_IDS.filter((c) => mapped.categories.includes(c) || (mapped.label === 1 && own.includes(c)));
    yield exampleSchema.parse({
      id: columns.id === undefined ? textId(text) : idOf(row, columns.id),
      text,
      source,
      ...mapped,
      categories,
      unknown: mapped.unknown.filter((c) => c === "*" || !categories.includes(c)),
    });
  }
}

function labelOf(row: Row, column: string, values: Map<string, 0 | 1>): 0 | 1 {
  const value = row.row[column];
  const label =
    typeof value === "string" || typeof value === "number" || typeof value === "boolean"
      ? values.get(String(value).trim().toLowerCase())
      : undefined;
  if (label !== undefined) return label;
  const what = Object.hasOwn(row.row, column) ? `${column} is no known label` : `there is no column ${column}`;
  throw new CordonError("data/malformed-row", what, { where: row.where, hint: `known labels are ${[...values.keys()].join(", ")}` });
}

function categoryNames(row: Row, column: string): string[] {
  const value = row.row[column];
  if (value === undefined || value === null) return [];
  if (typeof value === "string")
    return value
      .split(/[|;]/)
      .map((name) => name.trim())
      .filter((name) => name !== "");
  if (Array.isArray(value) && value.every((name) => typeof name === "string")) return value;
  if (isRecord(value)) return Object.keys(value).filter((name) => value[name] === true || value[name] === 1);
  throw new CordonError("data/malformed-row", `${column} holds no category names`, { where: row.where });
}

function idOf(row: Row, column: string): string {
  const value = row.row[column];
  if ((typeof value === "string" && value !== "") || typeof value === "number" || typeof value === "bigint") return String(value);
  throw new CordonError("data/malformed-row", `${column} holds no id`, { where: row.where });
}

function lowerCased<T>(record: Record<string, T>): Map<string, T> {
  return new Map(Object.entries(record).map(([name, value]) => [name.toLowerCase(), value]));
}
