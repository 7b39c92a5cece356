// What a transform is: a rule that disguises a text without a language model, as red teams do, and says how to undo it.
import type { Random } from "#models/random";

export const FAMILIES = ["encoding", "unicode", "typo", "structure"] as const;
export type Family = (typeof FAMILIES)[number];

export interface Transform {
  /** Kebab-case; `transform/NAME` in lineages. */
  readonly name: string;
  readonly family: Family;
  /** Raised whenever the same seed would give another text. */
  readonly version: number;
  /** One line for people. */
  readonly describe: string;
  /** What other tools call the nearest they have; their output is not the same byte for byte. */
  readonly names: { readonly garak?: string; readonly pyrit?: string; readonly promptfoo?: string };
  /**
   * What the disguise says of the category `jailbreak` in a harmful row: `adds` it, leaves it `unknown` (a disguised text
   * may or may not be meant for a model), or says nothing (`no`). A harmless row stays harmless in every case.
   */
  readonly jailbreak: "adds" | "unknown" | "no";
  /** Whether `invert(apply(text))` is the text, for any text without lone surrogates. */
  readonly lossless: boolean;
  /** The result has at most `maxExpansion` · length + `maxAdded` UTF-16 units. */
  readonly maxExpansion: number;
  readonly maxAdded: number;
  /** Never throws, whatever the string. What concerns the whole text is drawn first, so that twins share it. */
  readonly apply: (text: string, random: Random) => string;
  /**
   * Undoes `apply`, whatever was drawn. Where the transform is not lossless, exact for lower-case letters and digits in
   * words with single spaces between. For other texts than `apply` gives, unspecified; it never throws.
   */
  readonly invert?: (text: string) => string;
}

/** Replaces some characters: those that `replace` gives another for, each with a chance that is drawn once per text. */
export function someCharacters(text: string, random: Random, replace: (character: string) => string): string {
  const rate = drawRate(random);
  return Array.from(text, (character) => (random.chance(rate) ? replace(character) : character)).join("");
}

/** Replaces some words (runs of letters and digits), as `someCharacters` does characters. */
export function someWords(text: string, random: Random, replace: (word: string) => string): string {
  const rate = drawRate(random);
  return text.replace(/[\p{L}\p{N}]+/gu, (word) => (random.chance(rate) ? replace(word) : word));
}

/** From a few to all. */
function drawRate(random: Random): number {
  return 0.15 + 0.85 * random.next();
}
