// What a trainer takes from labelled examples, whatever it fits: the rows and their splits, a label's state in a row, which
// labels there is enough data for, and the hash of it all.
import { createHash } from "node:crypto";
import { type Example, type LabelState, type Split, categoryState } from "#datasets/example";
import { splitOf } from "#datasets/splits";
import { CordonError } from "#models/errors";
import { MINOR_WORDS } from "#models/minor-words";
import { CATEGORY_IDS, type CategoryId, HARMFUL } from "#models/taxonomy";
import { withoutHalfPairs } from "./half-pairs.ts";

/** A category with fewer positives, or fewer negatives, in the training split gets no label of its own. */
const MIN_ROWS = 30;
/** The label that no text is written for: see docs/handling.md. */
const RULES = { "child-exploitation": { of: "sexual-content", words: MINOR_WORDS } } as const;

export interface Row {
  example: Example;
  split: Split;
}

/**
 * The examples that can be trained, calibrated or measured on.
 * @throws CordonError data/too-few-examples where the training split lacks one of the two classes
 */
export function splitRows(examples: readonly Example[]): Row[] {
  const rows = withoutHalfPairs(examples).flatMap((example): Row[] => {
    const split = splitOf(example);
    return split === null ? [] : [{ example, split }];
  });
  refuseOneClass(rows);
  return rows;
}

function refuseOneClass(rows: readonly Row[]): void {
  for (const label of [0, 1]) {
    const n = rows.filter((r) => r.split === "train" && r.example.label === label).length;
    if (n >= 2) continue;
    throw new CordonError(
      "data/too-few-examples",
      `${n} ${label ? "harmful" : "harmless"} examples in the training split, at least 2 are needed`,
      {
        hint: "add data of that label",
      },
    );
  }
}

/** State of a model's label in an example: `harmful` is the example's label. */
export function stateOf(example: Example, label: string): LabelState {
  return label === HARMFUL ? example.label : categoryState(example, label as CategoryId);
}

export interface ModelLabels {
  /** Those that have outputs of their own, `harmful` first. */
  learned: string[];
  /** All of the model, in the order of the taxonomy. */
  labels: string[];
  /** By label: it follows from another where the window has one of the words. */
  rules: Record<string, { of: string; words: string[] }>;
}

/** `all`: harmful and every category with enough rows of either state in the training split; `harmful`: that alone. */
export function modelLabels(rows: readonly Row[], which: "all" | "harmful"): ModelLabels {
  const training = rows.filter((row) => row.split === "train");
  const rowsOf = (id: CategoryId, state: LabelState) => training.filter((r) => categoryState(r.example, id) === state).length;
  const enough = (id: CategoryId) => rowsOf(id, 1) >= MIN_ROWS && rowsOf(id, 0) >= MIN_ROWS;
  const learned = [HARMFUL, ...(which === "all" ? CATEGORY_IDS.filter((id) => !Object.hasOwn(RULES, id) && enough(id)) : [])];
  const rules = learned.includes("sexual-content") ? mutable(RULES) : {};
  return { learned, labels: [HARMFUL, ...CATEGORY_IDS.filter((id) => learned.includes(id) || Object.hasOwn(rules, id))], rules };
}

function mutable(rules: typeof RULES): ModelLabels["rules"] {
  return Object.fromEntries(Object.entries(rules).map(([label, { of, words }]) => [label, { of, words: [...words] }]));
}

/** By label: how many rows have it. */
export function positivesOf(rows: readonly Row[], labels: readonly string[]): Record<string, number> {
  return Object.fromEntries(labels.map((label) => [label, rows.filter((r) => stateOf(r.example, label) === 1).length]));
}

/** Of every row that is trained, calibrated or measured on, with its split and labels, in order. */
export function dataHash(rows: readonly Row[]): string {
  const hash = createHash("sha256");
  for (const { example, split } of rows)
    hash.update(JSON.stringify([example.text, example.label, example.categories, example.unknown, split]));
  return hash.digest("hex");
}
