// What an export format is, and how it accounts for every row: written, or left out with a reason.
import type { Example } from "#datasets/example";

export interface ExportFormat {
  name: string;
  /** One line for people. */
  describe: string;
  /** Extensions of its files, by which readers know them; each also with .gz, .zst and .sealed. */
  extensions: readonly string[];
  /** `needed`: without harmful rows there is nothing to write. */
  harmful: "optional" | "needed";
  write(rows: AsyncIterable<Example>, context: ExportContext): AsyncIterable<string | Uint8Array>;
}

export interface ExportContext {
  tally: Tally;
  /** Extension of the output. */
  extension: string;
  /** A classifier's probability that a text is harmful, 0 to 1, where one was given. */
  judge: ((text: string) => number) | undefined;
}

/** Counts of an export. Rows in = rows written + rows left out. */
export class Tally {
  /** Records of the format: rows, or pairs of rows. */
  records = 0;
  rows = 0;
  readonly leftOut = new Map<string, number>();

  /** A record that was made of so many rows. */
  wrote(rows = 1): void {
    this.records++;
    this.rows += rows;
  }

  leaveOut(reason: string, rows = 1): void {
    this.leftOut.set(reason, (this.leftOut.get(reason) ?? 0) + rows);
  }
}

/**
 * The request that a row is: its text, or its one turn of the user's. Undefined, and counted, for a conversation, of which
 * a list of requests would lose the rest.
 */
export function requestOf(row: Example, tally: Tally): string | undefined {
  if (row.turns === undefined) return row.text;
  if (row.turns.length === 1 && row.turns[0]!.role === "user") return row.turns[0]!.content;
  tally.leaveOut("a conversation, where the format takes requests");
  return undefined;
}
