// Names in a recipe that only its data can tell to be wrong: subjects of a benchmark.
import { CordonError } from "#models/errors";

/** A name that a recipe misspells would otherwise leave out its rows in silence. @throws CordonError */
export function refuseUnknown(what: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new CordonError("usage/bad-option", `the recipe names no such ${what}: ${unknown.join(", ")}`, {
    hint: `there are ${known.toSorted().join(", ")}`,
  });
}
