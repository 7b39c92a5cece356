// The options by which verbs take labelled data.
import { InvalidArgumentError } from "commander";
import { TEXT_FORMAT_NAMES } from "#datasets/labelled-files";
import type { ColumnMapping } from "#datasets/seeds/generic";

export const DATA_HELP = `labelled examples: JSONL files or globs (.gz, .zst, .sealed), CSV, TSV, JSON or Parquet files, or FORMAT:REF with FORMAT one of ${TEXT_FORMAT_NAMES.join(", ")} and REF a path or hf:owner/name[/config][:split]`;
export const COLUMNS_HELP = "columns of files that are not Cordon's own, such as text=prompt,label=is_toxic,category=kind,id=row";

const COLUMNS = ["text", "label", "category", "id", "source"] as const;

/** Counts the rows of a set that have no label, and says so on stderr: they are examples of neither. */
export class SkippedRows {
  readonly #counts = new Map<string, number>();

  /** What a file's reader tells of each. */
  of(path: string): (reason: string) => void {
    return (reason) => {
      const what = `${path}: ${reason}`;
      this.#counts.set(what, (this.#counts.get(what) ?? 0) + 1);
    };
  }

  report(): void {
    for (const [what, count] of this.#counts) process.stderr.write(`left out ${count} of ${what}\n`);
  }
}

/** Option parser: `text=prompt,label=is_toxic`. */
export function columnMapping(value: string): ColumnMapping {
  const mapping: ColumnMapping = {};
  for (const part of value.split(",")) {
    const [name, column] = part.split("=").map((side) => side.trim());
    const known = COLUMNS.find((c) => c === name);
    if (known === undefined || !column)
      throw new InvalidArgumentError(`expected NAME=COLUMN, separated by commas, NAME one of ${COLUMNS.join(", ")}.`);
    mapping[known] = column;
  }
  return mapping;
}
