// Every transform, by name. docs/transforms.md has the same table for people; a test holds the two together.
import { CordonError } from "#models/errors";
import { CIPHERS } from "./ciphers.ts";
import { ENCODINGS } from "./encodings.ts";
import { INVISIBLE } from "./invisible.ts";
import { LOOKALIKES } from "./lookalikes.ts";
import { STRUCTURES } from "./structure.ts";
import { TENSES } from "./tense.ts";
import { FAMILIES, type Transform } from "./transform.ts";
import { TYPOS } from "./typos.ts";
import { WRAPPERS } from "./wrappers.ts";

export const TRANSFORMS: readonly Transform[] = [
  ...ENCODINGS,
  ...CIPHERS,
  ...INVISIBLE,
  ...LOOKALIKES,
  ...TYPOS,
  ...STRUCTURES,
  ...TENSES,
  ...WRAPPERS,
];

/** What `findTransforms` takes: `all`, a family, or a name. */
export const TRANSFORM_NAMES: readonly string[] = ["all", ...FAMILIES, ...TRANSFORMS.map((transform) => transform.name)];

/**
 * Transforms by name, by family (`encoding`, `unicode`, `typo`, `structure`) or `all`, each once, in the table's order.
 * @throws CordonError usage/bad-option for a name that there is not
 */
export function findTransforms(names: readonly string[]): Transform[] {
  const unknown = names.filter((name) => !TRANSFORM_NAMES.includes(name));
  if (unknown.length > 0) {
    throw new CordonError("usage/bad-option", `no such transform: ${unknown.join(", ")}`, {
      hint: `there are ${TRANSFORM_NAMES.join(", ")}`,
    });
  }
  return TRANSFORMS.filter(({ name, family }) => names.some((wanted) => wanted === "all" || wanted === family || wanted === name));
}
