// What the rows of a set say of themselves together: who wrote them, from what, under which licences. One pass, in
// memory bounded by the number of different names, not of rows.
import { createHash, type Hash } from "node:crypto";
import type { Example } from "#datasets/example";
import { compareText } from "#models/compare-text";

export interface OperationSummary {
  name: string;
  version: number;
  rows: number;
}

export interface ModelSummary {
  model: string;
  /** Operations that it answered. */
  answers: number;
  /** SHA-256 over the prompts' hashes, in the order of the rows, each followed by a line end. */
  promptsSha256: string;
}

export class RowSummary {
  rows = 0;
  harmful = 0;
  synthetic = 0;
  /** Rows that state no licence. */
  unlicensed = 0;
  readonly #licenses = new Set<string>();
  readonly #languages = new Set<string>();
  readonly #seeds = new Set<number>();
  readonly #operations = new Map<string, OperationSummary>();
  readonly #models = new Map<string, { answers: number; prompts: Hash }>();

  add(row: Example): void {
    this.rows++;
    this.harmful += row.label;
    if (row.synthetic) this.synthetic++;
    if (row.license === undefined) this.unlicensed++;
    else this.#licenses.add(row.license);
    this.#languages.add(row.lang);
    for (const { name, version, seed, model, promptSha256 } of row.lineage?.ops ?? []) {
      if (seed !== undefined) this.#seeds.add(seed);
      const key = `${name} ${version}`;
      const operation = this.#operations.get(key) ?? { name, version, rows: 0 };
      operation.rows++;
      this.#operations.set(key, operation);
      if (model === undefined) continue;
      const answers = this.#models.get(model) ?? { answers: 0, prompts: createHash("sha256") };
      answers.answers++;
      answers.prompts.update(`${promptSha256 ?? ""}\n`);
      this.#models.set(model, answers);
    }
  }

  get licenses(): string[] {
    return [...this.#licenses].sort();
  }

  get languages(): string[] {
    return [...this.#languages].sort();
  }

  /** Seeds of random numbers. */
  get randomSeeds(): number[] {
    return [...this.#seeds].sort((a, b) => a - b);
  }

  get operations(): OperationSummary[] {
    return [...this.#operations.values()].sort((a, b) => compareText(a.name, b.name) || a.version - b.version);
  }

  get models(): ModelSummary[] {
    return [...this.#models]
      .map(([model, { answers, prompts }]) => ({ model, answers, promptsSha256: prompts.copy().digest("hex") }))
      .sort((a, b) => compareText(a.model, b.model));
  }
}
