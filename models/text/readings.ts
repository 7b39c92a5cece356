// What a text says once its disguises are undone: the text in canonical form, and every payload that is hidden in it.
import { canonicalise } from "./canonical.ts";
import { type Hiding, hiddenTexts } from "./hidden-text.ts";

export interface Reading {
  text: string;
  /** How it stood in the text, the outermost first; empty where it is the text as it stands. */
  disguise: readonly ("characters" | Hiding)[];
}

/** The readings of a text, at least one; an ordinary text is its own and only reading. */
export function readingsOf(text: string): Reading[] {
  const canonical = canonicalise(text);
  return [
    { text: canonical, disguise: canonical === text ? [] : ["characters"] },
    ...hiddenTexts(text).map((hidden) => ({ text: hidden.text, disguise: hidden.kinds })),
  ];
}
