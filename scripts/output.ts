// What a verb prints: its result on stdout (a table for people, one JSON document with --json), progress on stderr.
import { InvalidArgumentError } from "commander";

/** Prints the result of a verb: `value` as JSON with --json, else `text`. */
export function printResult(options: { json?: boolean | undefined }, value: unknown, text: string): void {
  process.stdout.write(options.json ? `${JSON.stringify(value, null, 2)}\n` : `${text}\n`);
}

/** A progress line on stderr: rewritten in place on a terminal, a line every few seconds elsewhere. */
export class Progress {
  readonly #started = performance.now();
  #last = 0;
  #open = false;

  /** Shows `text` if enough time has passed since the last one. */
  update(text: string): void {
    const now = performance.now();
    const every = process.stderr.isTTY ? 100 : 5000;
    if (now - Math.max(this.#last, this.#started) < every) return;
    this.#last = now;
    if (process.stderr.isTTY) {
      process.stderr.write(`\r\u001b[K${text}`);
      this.#open = true;
    } else process.stderr.write(`${text}\n`);
  }

  /** A line that stays. */
  note(text: string): void {
    if (this.#open) process.stderr.write("\r\u001b[K");
    this.#open = false;
    process.stderr.write(`${text}\n`);
  }

  /** Ends the line with what was done and the time it took. */
  done(text: string): void {
    const seconds = (performance.now() - this.#started) / 1000;
    if (this.#open) process.stderr.write("\r\u001b[K");
    process.stderr.write(`${text} (${seconds.toFixed(1)} s)\n`);
  }
}

/** A plain text table: first column left, the others right. */
export function table(header: string[], rows: string[][]): string {
  const all = [header, ...rows];
  const width = header.map((_, c) => Math.max(...all.map((row) => (row[c] ?? "").length)));
  const line = (row: string[]) =>
    row
      .map((cell, c) => (c === 0 ? cell.padEnd(width[c]!) : cell.padStart(width[c]!)))
      .join("  ")
      .trimEnd();
  return [line(header), width.map((w) => "-".repeat(w)).join("  "), ...rows.map(line)].join("\n");
}

/** Option parser: a number in [low, high]. */
export function numberIn(low: number, high: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (value.trim() === "" || !Number.isFinite(number) || number < low || number > high) {
      throw new InvalidArgumentError(`expected a number from ${low} to ${high}.`);
    }
    return number;
  };
}

/** Option parser: a whole number in [low, high]. */
export function integerIn(low: number, high: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (value.trim() === "" || !Number.isInteger(number) || number < low || number > high) {
      throw new InvalidArgumentError(`expected a whole number from ${low} to ${high}.`);
    }
    return number;
  };
}

/** Option parser: a share, `0.01` or `1%`, as a number in [0, 1]. */
export function share(value: string): number {
  const digits = value.replace(/%$/, "");
  const number = Number(digits) / (digits === value ? 1 : 100);
  if (digits.trim() === "" || !Number.isFinite(number) || number < 0 || number > 1) {
    throw new InvalidArgumentError("expected a share such as 0.01 or 1%.");
  }
  return number;
}
