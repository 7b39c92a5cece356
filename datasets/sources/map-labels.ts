// Maps a row's own label and label names into the taxonomy, by the source it comes from.
import { CATEGORY_IDS, type CategoryId } from "#models/taxonomy";
import type { Meaning, SourceMap } from "./meaning.ts";
import { RECOGNISED } from "./recognised.ts";
import { sourceMap } from "./table.ts";

export interface SourceRow {
  /** The source's own verdict. */
  label: 0 | 1;
  /** The source's own category names; repeats are fine. */
  labels?: readonly string[];
}

export interface MappedLabels {
  label: 0 | 1;
  /** Categories present, in the taxonomy's order. */
  categories: CategoryId[];
  /** Categories of which the source says nothing, in the taxonomy's order; ["*"] when that is every one not present. */
  unknown: (CategoryId | "*")[];
}

/** A set of which nothing is known: its label as given, the names that any taxonomy shares, all else unknown. */
const UNKNOWN_SOURCE: SourceMap = {
  about: "any set of labelled text",
  labels: RECOGNISED,
  otherNames: true,
  harmful: {},
  harmless: {},
};

/** What a row of `source` (see sourceName) says of every category. An unknown source is read as far as its names are known. */
export function mapLabels(source: string, row: SourceRow): MappedLabels {
  const map = sourceMap(source) ?? UNKNOWN_SOURCE;
  const names = indexOf(map);
  const meanings: Meaning[] = [];
  for (const name of new Set(row.labels ?? [])) {
    const meaning = names.get(name.trim().toLowerCase());
    if (meaning !== undefined) meanings.push(meaning);
    // A name that the table lacks may mean anything, so it leaves nothing ruled out.
    else if (map.otherNames === undefined) meanings.push({ possible: "all" });
  }
  const label = meanings.some((m) => m.label === 1) ? 1 : (meanings.find((m) => m.label !== undefined)?.label ?? row.label);
  meanings.push(label === 1 ? map.harmful : map.harmless);

  // Names describe what a harmful row is about; a harmless row is not an instance of any of them.
  const present = new Set(label === 1 ? meanings.flatMap((m) => m.present ?? []) : []);
  const open = new Set(meanings.flatMap((m) => (m.possible === "all" ? CATEGORY_IDS : (m.possible ?? []))));
  const absent = new Set(meanings.flatMap((m) => (m.absent === "rest" ? CATEGORY_IDS : (m.absent ?? []))));
  const others = CATEGORY_IDS.filter((c) => !present.has(c));
  const unknown = others.filter((c) => open.has(c) || !absent.has(c));
  return {
    label,
    categories: CATEGORY_IDS.filter((c) => present.has(c)),
    unknown: unknown.length === others.length ? ["*"] : unknown,
  };
}

const indexes = new WeakMap<SourceMap, Map<string, Meaning>>();

function indexOf(map: SourceMap): Map<string, Meaning> {
  let index = indexes.get(map);
  if (index === undefined) {
    index = new Map(Object.entries(map.labels).map(([name, meaning]) => [name.toLowerCase(), meaning]));
    indexes.set(map, index);
  }
  return index;
}
