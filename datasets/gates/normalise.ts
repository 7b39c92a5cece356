// What counts as the same text: case and white space aside.

/** A text as the gates compare it. */
export function normalised(text: string): string {
  return text.toLowerCase().replace(/\s+/g, " ").trim();
}

/** The words of a text, punctuation and symbols left out. */
export function wordsOf(text: string): string[] {
  return normalised(text).match(/[\p{L}\p{M}\p{N}]+/gu) ?? [];
}
