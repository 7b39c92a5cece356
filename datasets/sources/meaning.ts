// What a label name of a foreign data set says in Cordon's taxonomy. Three states, since most sets annotate a few
// categories and say nothing of the others: present, absent, and unknown, which is whatever is neither.
import type { CategoryId } from "#models/taxonomy";

export interface Meaning {
  /** Harmful (1) or harmless (0) in our sense, where the source's own label means something narrower. */
  label?: 0 | 1;
  present?: readonly CategoryId[];
  /** Ruled out; "rest" is every category that is not present. */
  absent?: readonly CategoryId[] | "rest";
  /** One of these may be present, which one is not said: they are unknown even where the row's other labels rule them out. */
  possible?: readonly CategoryId[] | "all";
}

export interface SourceMap {
  /** What is annotated, by whom, and what that says. */
  about: string;
  /** Label names as the source spells them, compared without regard to case. */
  labels: Readonly<Record<string, Meaning>>;
  /** Where `labels` are of another kind (topics, groups, templates), they are passed over. */
  otherNames?: true;
  /** What is known of every harmful row, whatever its labels. */
  harmful: Meaning;
  /** What is known of every harmless row. */
  harmless: Meaning;
  /** The name of the pair that a row is one side of, where the source writes texts against each other. */
  pair?: (row: Record<string, unknown>) => string | undefined;
}
