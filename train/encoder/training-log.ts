// The log of a training run: one JSON object a line, and no times in it, so that the same run gives the same bytes. A run that
// goes on from a checkpoint cuts off what was written after it.
import { closeSync, existsSync, fdatasyncSync, ftruncateSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";

export type LogEntry =
  | { kind: "start"; device: string; steps: number; windows: number; parameters: number; labels: readonly string[] }
  /** Loss: mean since the last such line. Tokens, without padding: since the start of the run. */
  | { kind: "step"; step: number; epoch: number; loss: number; learningRate: number; tokens: number }
  | { kind: "evaluation"; step: number; epoch: number; calibrationLoss: number; calibrationAuroc: number | null; best: boolean }
  | { kind: "out-of-memory"; step: number; microTokens: number }
  | { kind: "end"; step: number; because: "epochs" | "patience"; bestStep: number };

export class TrainingLog {
  readonly path: string;
  #file: number;
  #bytes: number;

  /** @param keep bytes of an older log that stand; what is behind them, or a log that is missing them, begins anew */
  constructor(path: string, keep: number) {
    this.path = path;
    mkdirSync(dirname(path), { recursive: true });
    const there = existsSync(path) ? statSync(path).size : 0;
    this.#bytes = there >= keep ? keep : 0;
    this.#file = openSync(path, "a");
    ftruncateSync(this.#file, this.#bytes);
  }

  /** Length so far. */
  get bytes(): number {
    return this.#bytes;
  }

  write(entry: LogEntry): void {
    this.#bytes += writeSync(this.#file, `${JSON.stringify(entry)}\n`);
  }

  /** Takes back what was written after the first `bytes`. */
  rewind(bytes: number): void {
    this.#bytes = Math.min(bytes, this.#bytes);
    ftruncateSync(this.#file, this.#bytes);
  }

  /** Brings it to the disk. */
  sync(): void {
    fdatasyncSync(this.#file);
  }

  close(): void {
    closeSync(this.#file);
  }
}

export function readLog(path: string): LogEntry[] {
  return readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as LogEntry);
}
