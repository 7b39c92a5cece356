// The gates that look at one row alone.
import { type Example, exampleSchema } from "#datasets/example";
import { looksLikeRefusal } from "#datasets/generators/refusal";
import { sexualisesMinors } from "#datasets/minors";
import { splitOf } from "#datasets/splits";
import type { GatesConfig } from "./config.ts";
import type { Failure } from "./gate.ts";

/** The operation whose harmless replies are refusals on purpose. */
const WRITES_REFUSALS = "replies";

/** The first gate that a row does not pass, or the row with its split. */
export function checkRow(row: Example, options: Pick<GatesConfig, "min_characters" | "max_characters">): Failure | { row: Example } {
  const parsed = exampleSchema.safeParse(row);
  if (!parsed.success) {
    const issue = parsed.error.issues[0]!;
    return { gate: "schema", reason: `${issue.path.join(".") || "the row"}: ${issue.code.replaceAll("_", " ")}` };
  }
  if (isWritten(row) && !refusesOnPurpose(row) && looksLikeRefusal(row.text))
    return { gate: "refusal", reason: "a refusal stands where an example was asked for" };
  const { length } = row.text;
  if (length < options.min_characters || length > options.max_characters) {
    return { gate: "length", reason: `${length} characters, allowed are ${options.min_characters} to ${options.max_characters}` };
  }
  if (sexualisesMinors(row)) return { gate: "minors", reason: "sexual words beside words for minors" };
  const split = splitOf(row);
  if (split === null) return { gate: "lineage", reason: "its seeds belong to different splits" };
  return { row: { ...row, split } };
}

/** Whether a language model had a hand in a row; nothing else declines to write. */
export function isWritten({ lineage }: Example): boolean {
  return lineage?.ops.some(({ model }) => model !== undefined) ?? false;
}

/** Whether a row is a refusal because one was asked for: a harmless reply of the strategy that writes both. */
function refusesOnPurpose({ label, turns, lineage }: Example): boolean {
  return label === 0 && turns !== undefined && (lineage?.ops.some(({ name }) => name.split("/")[0] === WRITES_REFUSALS) ?? false);
}
