// The gates that every generated row passes, in this order, and the record of a row that did not.
import type { Cell } from "#datasets/candidate";

export const GATES = [
  "generator",
  "schema",
  "refusal",
  "length",
  "minors",
  "lineage",
  "duplicate",
  "contradiction",
  "near-duplicate",
  "decontamination",
  "judge",
  "consistency",
  "contrastive",
  "quota",
] as const;
export type Gate = (typeof GATES)[number];

/** Why a row does not pass. */
export interface Failure {
  gate: Gate;
  /** For people; never any text of the row. */
  reason: string;
  /** The row that it collides with: an id, or `set:id` for a row of an evaluation set. */
  of?: string;
}

/** A row of drops.jsonl. */
export interface Drop extends Failure, Cell {
  id: string;
  seedIds: string[];
}
