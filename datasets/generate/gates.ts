// The gates that every generated row passes, in order; a row that is dropped keeps its stage and reason in the ledger.
import { type Example, exampleSchema } from "#datasets/example";
import { sexualisesMinors } from "#datasets/minors";
import { splitOf } from "#datasets/splits";

export const GATES = ["schema", "length", "minors", "lineage", "duplicate", "contradiction"] as const;
export type Gate = (typeof GATES)[number];

export interface Drop {
  id: string;
  gate: Gate;
  reason: string;
  strategy: string;
  seedIds: string[];
}

export interface GateOptions {
  min_characters: number;
  max_characters: number;
}

/** Passes rows through the gates; `kept` rows carry their split. Memory: the rows that are kept. */
export function passGates(rows: Iterable<Example>, options: GateOptions): { kept: Example[]; drops: Drop[] } {
  const drops: Drop[] = [];
  const drop = (row: Example, gate: Gate, reason: string) => {
    drops.push({ id: row.id, gate, reason, strategy: strategyOf(row), seedIds: row.lineage?.seedIds ?? [] });
  };
  const byText = new Map<string, Example>();
  const contradicted = new Set<string>();
  for (const row of rows) {
    const parsed = exampleSchema.safeParse(row);
    if (!parsed.success) {
      drop(row, "schema", parsed.error.issues[0]!.message);
      continue;
    }
    const length = row.text.length;
    if (length < options.min_characters || length > options.max_characters) {
      drop(row, "length", `${length} characters, allowed are ${options.min_characters} to ${options.max_characters}`);
      continue;
    }
    if (sexualisesMinors(row)) {
      drop(row, "minors", "sexual words beside words for minors");
      continue;
    }
    const split = splitOf(row);
    if (split === null) {
      drop(row, "lineage", "its seeds belong to different splits");
      continue;
    }
    const key = normalised(row.text);
    const earlier = byText.get(key);
    if (earlier === undefined) byText.set(key, { ...row, split });
    else {
      if (earlier.label !== row.label) contradicted.add(key);
      drop(row, earlier.label === row.label ? "duplicate" : "contradiction", `same text as ${earlier.id}`);
    }
  }
  const kept: Example[] = [];
  for (const [key, row] of byText) {
    if (contradicted.has(key)) drop(row, "contradiction", "the same text came with the other label");
    else kept.push(row);
  }
  return { kept, drops };
}

/** What made a row: the name of its last operation. */
export function strategyOf(row: Example): string {
  return row.lineage?.ops.at(-1)?.name ?? "given";
}

function normalised(text: string): string {
  return text.toLowerCase().replace(/\s+/g, " ").trim();
}
