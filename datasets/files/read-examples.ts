// Reads labelled examples (JSONL, plain, .gz or .zst): Cordon's own rows, and the looser rows that most public sets come
// as, `{id?, text, label, labels?, labelDist?}`, whose label names are mapped by the set they come from.
import { z } from "zod";
import { exampleSchema, type Example } from "#datasets/example";
import { hasSource, sourceMap, sourceName } from "#datasets/sources/table";
import { mapLabels } from "#datasets/sources/map-labels";
import { CordonError } from "#models/errors";
import { textId } from "./hash.ts";
import { readObjects } from "./json-lines.ts";

const looseRow = z.looseObject({
  text: z.string(),
  label: z.union([z.literal(0), z.literal(1), z.boolean().transform((value) => (value ? (1 as const) : (0 as const)))]),
  labels: z.array(z.string()).optional(),
});

export interface ReadExamplesOptions {
  /** Name of the source whose label map applies; without it, the file's base name tells. */
  source?: string;
}

/**
 * The examples of a file, in its order. A row that has `categories` or `unknown` is Cordon's own; any other goes through
 * its source's label map. A row without an id gets one from its text.
 * @throws CordonError usage/missing-file, data/unreadable, data/malformed-row (with file:line, never the text)
 */
export async function* readExamples(path: string, options: ReadExamplesOptions = {}): AsyncGenerator<Example> {
  const named = options.source ?? sourceName(path);
  for await (const { row, where } of readObjects(path)) yield toExample(row, named, where);
}

/** One parsed row as an example; see readExamples. */
export function toExample(row: Record<string, unknown>, source: string, where: string): Example {
  const withId = row["id"] === undefined && typeof row["text"] === "string" ? { ...row, id: textId(row["text"]) } : row;
  // Most public sets number their rows.
  const named = typeof withId["id"] === "number" ? { ...withId, id: String(withId["id"]) } : withId;
  if ("categories" in named || "unknown" in named) return check(exampleSchema, named, where);

  const loose = check(looseRow, named, where);
  const own = loose["source"];
  const from = !hasSource(source) && typeof own === "string" && hasSource(own) ? own : source;
  const mapped = mapLabels(from, { label: loose.label, labels: loose.labels ?? [] });
  // The share of annotators is about the source's label; where ours means something else it says nothing.
  const { labelDist, ...rest } = loose;
  const dist = mapped.label === loose.label && labelDist !== undefined && labelDist !== null ? { labelDist } : {};
  const pair = sourceMap(from)?.pair?.(loose);
  return check(exampleSchema, { source: from, ...(pair !== undefined && { pair }), ...rest, ...dist, ...mapped }, where);
}

function check<S extends z.ZodType>(schema: S, row: unknown, where: string): z.output<S> {
  const result = schema.safeParse(row);
  if (result.success) return result.data;
  const issue = result.error.issues[0]!;
  const field = issue.path.map(String).join(".");
  const missing = issue.path.length === 1 && !Object.hasOwn(row as object, issue.path[0]!);
  const what = missing ? `${field} is missing` : `${field === "" ? "the row" : field}: ${describe(issue)}`;
  throw new CordonError("data/malformed-row", what, { where, hint: "a row is {id?, text, label: 0 or 1, labels?, labelDist?}" });
}

/** What a field should have been; messages that list or quote values are kept short. */
function describe(issue: z.core.$ZodIssue): string {
  if (issue.code === "invalid_union") return "not an allowed value";
  return issue.message.length > 100 ? `${issue.message.slice(0, 100)}…` : issue.message;
}
