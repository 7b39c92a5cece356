// Writes rows in the format of another tool, and accounts for each row that the format cannot hold.
import { existsSync } from "node:fs";
import type { Example } from "#datasets/example";
import { writeBytes } from "#datasets/files/write-text";
import { extensionOf } from "#datasets/seeds/rows";
import { CordonError } from "#models/errors";
import { HARMBENCH_BEHAVIOURS, JAILBREAKBENCH_BEHAVIOURS } from "./behaviours.ts";
import { DPO, SFT } from "./chat.ts";
import { type ExportFormat, Tally } from "./format.ts";
import { GRETEL } from "./gretel.ts";
import { PARQUET } from "./parquet.ts";
import { PKU_SAFERLHF } from "./pku-saferlhf.ts";
import { PROMPTFOO } from "./promptfoo.ts";
import { PYRIT } from "./pyrit.ts";

const JSONL: ExportFormat = {
  name: "jsonl",
  describe: "Cordon's own rows",
  extensions: [".jsonl"],
  harmful: "optional",
  async *write(rows, { tally }) {
    for await (const row of rows) {
      tally.wrote();
      yield `${JSON.stringify(row)}\n`;
    }
  },
};

export const EXPORT_FORMATS: readonly ExportFormat[] = [
  JSONL,
  PARQUET,
  SFT,
  DPO,
  GRETEL,
  PKU_SAFERLHF,
  HARMBENCH_BEHAVIOURS,
  JAILBREAKBENCH_BEHAVIOURS,
  PROMPTFOO,
  PYRIT,
];

export interface ExportOptions {
  includeHarmful: boolean;
  judge?: ((text: string) => number) | undefined;
}

export interface ExportSummary {
  format: string;
  /** Records of the format; a pair of rows is one. */
  records: number;
  /** Rows that stand in them. */
  rows: number;
  /** Reason → rows. */
  leftOut: Record<string, number>;
  bytes: number;
  sha256: string;
}

/**
 * Writes the rows to a new file. Harmful ones are left out unless `includeHarmful` says otherwise; harmful ones of child
 * exploitation always are.
 * @throws CordonError usage/bad-option (the extension, a format that needs harmful rows), usage/output-exists,
 *   data/too-few-examples where nothing is left to write
 */
export async function exportRows(
  rows: AsyncIterable<Example>,
  format: ExportFormat,
  out: string,
  options: ExportOptions,
): Promise<ExportSummary> {
  const extension = extensionOf(out);
  if (!format.extensions.includes(extension)) {
    throw new CordonError("usage/bad-option", `a ${format.name} file ends in ${format.extensions.join(" or ")}`, { where: out });
  }
  if (format.harmful === "needed" && !options.includeHarmful) {
    throw new CordonError("usage/bad-option", `the format ${format.name} is made of harmful rows`, {
      where: "--format",
      hint: "say --include-harmful to write them",
    });
  }
  if (existsSync(out)) throw new CordonError("usage/output-exists", "the file exists", { where: out, hint: "choose another --out" });

  const tally = new Tally();
  const pieces = format.write(allowed(rows, options.includeHarmful, tally), { tally, extension, judge: options.judge });
  async function* notEmpty(): AsyncGenerator<string | Uint8Array> {
    yield* pieces;
    if (tally.records === 0) throw nothing(format, tally);
  }
  const { bytes, sha256 } = await writeBytes(out, notEmpty());
  return { format: format.name, records: tally.records, rows: tally.rows, leftOut: Object.fromEntries(tally.leftOut), bytes, sha256 };
}

async function* allowed(rows: AsyncIterable<Example>, includeHarmful: boolean, tally: Tally): AsyncGenerator<Example> {
  for await (const row of rows) {
    if (row.label === 1 && row.categories.includes("child-exploitation")) tally.leaveOut("harmful, of child exploitation");
    else if (row.label === 1 && !includeHarmful) tally.leaveOut("harmful");
    else yield row;
  }
}

function nothing(format: ExportFormat, tally: Tally): CordonError {
  const reasons = [...tally.leftOut].map(([reason, rows]) => `${rows} ${reason}`);
  return new CordonError("data/too-few-examples", `there is nothing to write as ${format.name}`, {
    hint: reasons.length === 0 ? "the data holds no row" : `left out were ${reasons.join(", ")}`,
  });
}
