// Unlabelled natural text as harmless examples: what ordinary documents look like. A few of them may be harmful; at the
// rates of ordinary text that noise costs less than never having seen any (see docs/log.md).
import { type Example } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import { readObjects } from "#datasets/files/json-lines";
import { CordonError } from "#models/errors";

export interface OrganicOptions {
  /** Leaves out documents for which it returns false. */
  keep?: (document: { id: string; source: string }) => boolean;
  /** Only the first so many UTF-16 units of each, cut at white space; 0 or absent for all. */
  characters?: number | undefined;
}

/** The documents of JSONL files `{text, id?, source?, license?}`. @throws CordonError data/malformed-row with file:line */
export async function* readOrganic(files: readonly string[], options: OrganicOptions = {}): AsyncGenerator<Example> {
  for (const file of files) {
    for await (const { where, row } of readObjects(file)) {
      if (typeof row["text"] !== "string")
        throw new CordonError("data/malformed-row", "text is missing", { where, hint: "a document is {text, id?, source?}" });
      const id = typeof row["id"] === "string" ? row["id"] : textId(row["text"]);
      if (options.keep && !options.keep({ id, source: typeof row["source"] === "string" ? row["source"] : "" })) continue;
      yield {
        id,
        text: beginning(row["text"], options.characters ?? 0),
        label: 0,
        categories: [],
        unknown: [],
        lang: "en",
        synthetic: false,
        source: "organic",
        ...(typeof row["license"] === "string" && { license: row["license"] }),
      };
    }
  }
}

function beginning(text: string, characters: number): string {
  if (characters === 0 || text.length <= characters) return text;
  const cut = text.slice(0, characters);
  const space = cut.search(/\s\S*$/);
  // Without white space it may end in half a surrogate pair.
  return space > 0 ? cut.slice(0, space) : cut.replace(/[\uD800-\uDBFF]$/, "");
}
