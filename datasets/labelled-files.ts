// What `--data` names: JSONL files of labelled examples, and the public sets that the seed formats read.
import type { Example } from "#datasets/example";
import { existsSync } from "node:fs";
import { expandGlobs } from "#datasets/files/globs";
import { readExamples } from "#datasets/files/read-examples";
import { type ColumnMapping, readGeneric } from "#datasets/seeds/generic";
import { SEED_FORMATS, type TextFormat } from "#datasets/seeds/index";
import { readParquetExamples } from "#datasets/seeds/parquet-examples";
import { resolveSeed } from "#datasets/seeds/resolve";
import { extensionOf } from "#datasets/seeds/rows";
import type { Skip } from "#datasets/seeds/skip";
import { CordonError } from "#models/errors";

export interface LabelledFile {
  path: string;
  /** @param skip is told of each row that has no label, which is no example */
  read(skip?: Skip): AsyncIterable<Example>;
}

const TEXT_FORMATS = SEED_FORMATS.filter((format): format is TextFormat => format.kind === "text");

/** Names that may stand before a reference, `xstest:prompts.csv`. */
export const TEXT_FORMAT_NAMES: readonly string[] = TEXT_FORMATS.map((format) => format.name);

/**
 * The files of references: JSONL rows by path or glob, each file once; CSV, TSV, JSON or Parquet rows, by a mapping of
 * columns; or `FORMAT:REF` for a public set, where REF is a path, a folder or `hf:owner/name[/config][:split]`.
 * @throws CordonError usage/missing-file, usage/bad-option, hub/*
 */
export async function labelledFiles(references: readonly string[], columns?: ColumnMapping): Promise<LabelledFile[]> {
  const formatOf = (reference: string) => TEXT_FORMATS.find(({ name }) => reference.startsWith(`${name}:`));
  const unnamed = references.filter((reference) => formatOf(reference) === undefined);
  for (const reference of unnamed) refuseUnknownFormat(reference);
  const plain = await expandGlobs(unnamed);
  const files = plain.map((path): LabelledFile => ({ path, read: () => readPlain(path, columns) }));
  for (const reference of references) {
    const format = formatOf(reference);
    if (format === undefined) continue;
    for (const path of await resolveSeed(reference.slice(format.name.length + 1), { extensions: format.extensions })) {
      files.push({ path, read: (skip) => format.read(path, { columns, skip }) });
    }
  }
  return files;
}

/** A format that is misspelt, or only written, would otherwise be told as a file that is missing. */
function refuseUnknownFormat(reference: string): void {
  const format = /^([a-z][a-z\d-]+):/.exec(reference)?.[1];
  if (format === undefined || existsSync(reference)) return;
  const hint = format === "hf" ? `put one before it, such as xstest:${reference}` : `there are ${TEXT_FORMAT_NAMES.join(", ")}`;
  throw new CordonError("usage/bad-option", format === "hf" ? "the format is missing" : `no format that is read is called ${format}`, {
    where: reference,
    hint,
  });
}

function readPlain(path: string, columns: ColumnMapping | undefined): AsyncIterable<Example> {
  if (columns !== undefined) return readGeneric(path, columns);
  const extension = extensionOf(path);
  if (["", ".jsonl", ".ndjson"].includes(extension)) return readExamples(path);
  return extension === ".parquet" ? readParquetExamples(path) : readGeneric(path);
}
