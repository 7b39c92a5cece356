// Writes JSON lines, whole or not at all.
import { type WriteOptions, type Written, writeText } from "./write-text.ts";

/** Writes one row a line; see writeText for what the path's extensions say. */
export async function writeJsonl(
  path: string,
  rows: Iterable<unknown> | AsyncIterable<unknown>,
  options: WriteOptions = {},
): Promise<Written & { rows: number }> {
  let count = 0;
  async function* lines(): AsyncGenerator<string> {
    for await (const row of rows) {
      const json = JSON.stringify(row);
      if (json === undefined) throw new TypeError(`writeJsonl: a row must be a JSON value, got ${typeof row}`);
      count++;
      yield `${json}\n`;
    }
  }
  const written = await writeText(path, lines(), options);
  return { rows: count, ...written };
}
