// Rows that a set holds and that say nothing: an attack that ended in an error, a test whose outcome is not told. They are
// no examples of either label, least of all of the safe one, and are counted.

/** Told of each row that is left out, and why: a few words, never a text. */
export type Skip = (reason: string) => void;

/** For readers of sets in which every row has a label. */
export const noSkip: Skip = () => {};
