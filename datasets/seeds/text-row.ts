// Checks shared by the readers of text sets.
import { CordonError } from "#models/errors";
import type { Row } from "./rows.ts";

/**
 * A column's text.
 * @throws CordonError data/malformed-row when it is missing or empty
 */
export function textColumn({ where, row }: Row, column: string, set: string): string {
  const value = row[column];
  if (typeof value === "string" && value.trim() !== "") return value;
  const what = Object.hasOwn(row, column) ? `${column} is empty or no text` : `there is no column ${column}`;
  throw new CordonError("data/malformed-row", what, { where, hint: `is this ${set}?` });
}

/** A column's text, or undefined where it is missing, empty or no text. */
export function optionalColumn({ row }: Row, column: string): string | undefined {
  const value = row[column];
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}

/**
 * A column whose value is one of a few names.
 * @throws CordonError data/malformed-row; the value is not told, since in a mistaken column it would be the text
 */
export function namedColumn<T>(row: Row, column: string, names: Readonly<Record<string, T>>, set: string): T {
  const value = textColumn(row, column, set).trim().toLowerCase();
  if (Object.hasOwn(names, value)) return names[value]!;
  throw new CordonError("data/malformed-row", `${column} is none of ${Object.keys(names).join(", ")}`, {
    where: row.where,
    hint: `is this ${set}?`,
  });
}
