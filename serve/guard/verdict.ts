// What the guard says about one text. Detected and enforced are two facts; a verdict that could not be reached is a
// third state of its own, which never counts as safe.

/** Why no verdict was reached. */
export type UndeterminedReason =
  | "scorer-failed"
  | "not-a-number"
  | "overloaded"
  | "timed-out"
  /** The calling thread has n-grams alone, and they are unsure of it or there are none: an encoder must score it (moderator.ts). */
  | "escalated";

export interface Determined {
  state: "determined";
  /** The score of the first label ("harmful", any harm) reached its threshold. */
  detected: boolean;
  /** What was found was acted on: false when nothing was found, or when the guard runs in shadow. */
  enforced: boolean;
  /** (L), calibrated probability over the text's windows (the package's aggregate), 0 to 1, in the order of `Guard.labels`. */
  scores: readonly number[];
  /** The label that decided: the one furthest above its threshold, or, when none is, closest to it. */
  label: string;
  /** The threshold of that label. */
  threshold: number;
  /** Its highest window, code points [start, end); the whole text where a disguise had to be undone to see it. */
  span: { start: number; end: number };
  /** What was undone before that label's highest score was seen, the outermost first; empty for a text as it stands. */
  disguise: readonly string[];
  /** Whether the second stage of a cascade scored it. */
  escalated: boolean;
}

export interface Undetermined {
  state: "undetermined";
  reason: UndeterminedReason;
}

export type Verdict = Determined | Undetermined;

export function undetermined(reason: UndeterminedReason): Undetermined {
  return { state: "undetermined", reason };
}
