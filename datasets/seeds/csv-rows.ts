// Rows of a CSV or TSV file with the line each begins on: quoted fields with line ends, CRLF, a byte order mark, .gz, .zst.
import { Readable } from "node:stream";
import { CsvError, parse } from "csv-parse";
import { readBytes } from "#datasets/files/lines";
import { CordonError } from "#models/errors";

export interface CsvRecord<T> {
  /** `file:line` of the record's first line. */
  where: string;
  record: T;
}

/** A field is never this long: an opening quote without its end would otherwise swallow the file. */
const MAX_RECORD_BYTES = 16 * 2 ** 20;

/** Records of a file without a header, as arrays of fields, which may differ in length. */
// The published MMLU files hold quotes inside unquoted fields, as Python's csv reads them.
export function readCsvRecords(path: string): AsyncGenerator<CsvRecord<string[]>> {
  return records(path, { columns: false, relax_column_count: true, relax_quotes: true }) as AsyncGenerator<CsvRecord<string[]>>;
}

/** Records of a file whose first line names the columns. */
export function readCsvRows(path: string): AsyncGenerator<CsvRecord<Record<string, string>>> {
  const columns = (header: string[]): string[] => {
    const twice = header.find((name, i) => name !== "" && header.indexOf(name) !== i);
    if (twice !== undefined) throw new CordonError("data/malformed-row", "two columns have the same name", { where: `${path}:1` });
    return header;
  };
  return records(path, { columns }) as AsyncGenerator<CsvRecord<Record<string, string>>>;
}

async function* records(path: string, options: object): AsyncGenerator<CsvRecord<unknown>> {
  const delimiter = /\.tsv(\.gz|\.zst)?(\.sealed)?$/i.test(path) ? "\t" : ",";
  const source = Readable.from(readText(path));
  const parser = parse({ ...options, delimiter, info: true, raw: true, skip_empty_lines: true, max_record_size: MAX_RECORD_BYTES });
  source.once("error", (error) => parser.destroy(error));
  try {
    for await (const { record, info, raw } of source.pipe(parser) as AsyncIterable<{
      record: unknown;
      info: { lines: number };
      raw: string;
    }>) {
      const inside = raw.replace(/^\n+|\n+$/g, "").split("\n").length - 1;
      yield { where: `${path}:${info.lines - inside}`, record };
    }
  } catch (error) {
    throw malformed(path, error);
  } finally {
    source.destroy();
    parser.destroy();
  }
}

/**
 * The text of a file with LF line ends (the parser would count a CRLF inside quotes as two lines).
 * @throws CordonError data/unreadable when it is not UTF-8
 */
async function* readText(path: string): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let carry = "";
  const decode = (bytes?: Buffer): string => {
    try {
      return bytes === undefined ? decoder.decode() : decoder.decode(bytes, { stream: true });
    } catch {
      throw new CordonError("data/unreadable", "the file is not valid UTF-8", { where: path, hint: "save it as UTF-8" });
    }
  };
  for await (const chunk of readBytes(path)) {
    const text = carry + decode(chunk);
    carry = text.endsWith("\r") ? "\r" : "";
    const whole = carry === "" ? text : text.slice(0, -1);
    if (whole !== "") yield whole.replaceAll("\r\n", "\n");
  }
  const last = carry + decode();
  if (last !== "") yield last;
}

/** The parser's own messages quote fields, so each code gets its own. */
function malformed(path: string, error: unknown): unknown {
  if (!(error instanceof CsvError)) return error;
  const what: Partial<Record<string, string>> = {
    CSV_RECORD_INCONSISTENT_COLUMNS: "the row has more or fewer fields than the header",
    CSV_INVALID_CLOSING_QUOTE: "a quoted field goes on after its closing quote",
    INVALID_OPENING_QUOTE: "a quote stands inside a field that is not quoted",
    CSV_QUOTE_NOT_CLOSED: "a quoted field is never closed",
    CSV_MAX_RECORD_SIZE: "a row is too long, or a quoted field is never closed",
  };
  const line = (error as { lines?: unknown }).lines;
  return new CordonError("data/malformed-row", what[error.code] ?? `not valid CSV [${error.code}]`, {
    where: typeof line === "number" ? `${path}:${line}` : path,
  });
}
