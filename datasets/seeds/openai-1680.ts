// OpenAI's public moderation set (arXiv 2208.03274), JSON lines, often .gz: {prompt, S, H, V, HR, SH, S3, H2, V2: 0 | 1}.
// A missing key was not labelled: its categories are unknown.
import { exampleSchema, type Example } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import { CordonError } from "#models/errors";
import { CATEGORY_IDS, type CategoryId } from "#models/taxonomy";
import { readRows, type Row } from "./rows.ts";
import { textColumn } from "./text-row.ts";

interface Key {
  /** Present where the key is 1. */
  present: readonly CategoryId[];
  /** Absent where the key is 0. */
  absent: readonly CategoryId[];
}

/** Violence (V) says that one of three is present, not which; threatening hate (H2) is both of two, so its 0 rules out neither. */
const KEYS: Readonly<Record<string, Key>> = {
  S: { present: ["sexual-content"], absent: ["sexual-content"] },
  H: { present: ["hate"], absent: ["hate"] },
  V: { present: [], absent: ["threats", "violent-crimes", "graphic-violence"] },
  HR: { present: ["harassment"], absent: ["harassment"] },
  SH: { present: ["self-harm"], absent: ["self-harm"] },
  S3: { present: ["child-exploitation"], absent: ["child-exploitation"] },
  H2: { present: ["hate", "threats"], absent: [] },
  V2: { present: ["graphic-violence"], absent: ["graphic-violence"] },
};

/** Rows as examples: harmful where any key is 1. */
export async function* readOpenAi1680(path: string): AsyncGenerator<Example> {
  for await (const row of readRows(path)) {
    const text = textColumn(row, "prompt", "OpenAI's moderation set");
    const present = new Set<CategoryId>();
    const absent = new Set<CategoryId>();
    let label: 0 | 1 = 0;
    for (const [name, key] of Object.entries(KEYS)) {
      const value = flag(row, name);
      if (value === 1) label = 1;
      for (const category of value === 1 ? key.present : []) present.add(category);
      for (const category of value === 0 ? key.absent : []) absent.add(category);
    }
    const unknown = CATEGORY_IDS.filter((c) => !present.has(c) && !absent.has(c));
    yield exampleSchema.parse({
      id: `openai-1680:${textId(text)}`,
      text,
      label,
      categories: CATEGORY_IDS.filter((c) => present.has(c)),
      unknown,
      source: "openai-1680",
      license: "MIT",
    });
  }
}

function flag({ where, row }: Row, name: string): 0 | 1 | undefined {
  const value = row[name];
  if (value === undefined || value === null) return undefined;
  if (value === 0 || value === 1) return value;
  throw new CordonError("data/malformed-row", `${name} is neither 0 nor 1`, { where });
}
