// PyRIT seed data sets, YAML: defaults at the top (harm_categories, data_type, source, …) and a list `seeds` (`prompts`
// in older files) of {value, data_type, harm_categories, metadata, role, sequence, prompt_group_alias}. Seeds of one
// group are the turns of one conversation. A seed is labelled by metadata.label, else it is harmful by its harm
// categories; one that has neither is left out, as is whatever is no text. metadata.labelled says of a conversation whether the
// label is its last reply's, which then is the text, or that of the whole.
import { renderTurns } from "#datasets/conversation";
import { type Example, type Turn, exampleSchema } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import { mapLabels } from "#datasets/sources/map-labels";
import { itemsOf, readDocument } from "./document.ts";
import { isRecord } from "./rows.ts";
import { type Skip, noSkip } from "./skip.ts";
import { withoutRaw } from "./template-text.ts";
import { textColumn } from "./text-row.ts";

const SET = "a PyRIT seed data set";

interface Seed {
  text: string;
  role: Turn["role"] | undefined;
  sequence: number;
  alias: string | undefined;
  id: string | undefined;
  label: 0 | 1 | undefined;
  ofReply: boolean;
  harms: string[];
}

export async function* readPyrit(path: string, skip: Skip = noSkip): AsyncGenerator<Example> {
  const document = await readDocument(path);
  const defaults = isRecord(document) ? document : {};
  const groups = new Map<string, Seed[]>();
  let single = 0;
  for (const { where, row } of itemsOf(defaults["seeds"] ?? defaults["prompts"], path, SET)) {
    if ((row["data_type"] ?? defaults["data_type"] ?? "text") !== "text") {
      skip("a seed that is no text");
      continue;
    }
    const seed = seedOf(row, defaults, textColumn({ where, row }, "value", SET));
    const key = seed.alias === undefined ? `single ${single++}` : `group ${seed.alias}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [seed]);
    else group.push(seed);
  }
  for (const seeds of groups.values()) {
    const example = exampleOf(seeds);
    if (example === undefined) skip("a seed without a label or a harm category");
    else yield example;
  }
}

function seedOf(row: Record<string, unknown>, defaults: Record<string, unknown>, value: string): Seed {
  const metadata = isRecord(row["metadata"]) ? row["metadata"] : {};
  const { label, id, labelled } = metadata;
  const role = row["role"];
  return {
    text: withoutRaw(value),
    role: role === "user" || role === "assistant" || role === "system" ? role : undefined,
    sequence: typeof row["sequence"] === "number" ? row["sequence"] : 0,
    alias: typeof row["prompt_group_alias"] === "string" ? row["prompt_group_alias"] : undefined,
    id: typeof id === "string" && id !== "" ? id : undefined,
    label: label === 0 || label === 1 ? label : undefined,
    ofReply: labelled === "reply",
    harms: [...names(defaults["harm_categories"]), ...names(row["harm_categories"])],
  };
}

function exampleOf(group: Seed[]): Example | undefined {
  const seeds = group.toSorted((a, b) => a.sequence - b.sequence);
  const harms = seeds.flatMap((seed) => seed.harms);
  const label = seeds.find((seed) => seed.label !== undefined)?.label ?? (harms.length > 0 ? 1 : undefined);
  if (label === undefined) return undefined;
  const first = seeds[0]!;
  const turns = seeds.map((seed): Turn => ({ role: seed.role ?? "user", content: seed.text }));
  const single = seeds.length === 1 && first.role === undefined;
  const text = single ? first.text : first.ofReply ? turns.at(-1)!.content : renderTurns(turns);
  return exampleSchema.parse({
    id: first.id ?? `pyrit:${textId(text)}`,
    text,
    source: "pyrit",
    ...(!single && { turns }),
    ...mapLabels("pyrit", { label, labels: harms }),
  });
}

/** A list of names; PyRIT's own files also give one name alone. */
function names(value: unknown): string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((name) => typeof name === "string");
}
