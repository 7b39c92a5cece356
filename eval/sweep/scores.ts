// Reads stored scores: Dolma attributes files, as `cordon filter` writes them beside shards (one row a document,
// {"id","source"?,"attributes":{"<experiment>__<tagger>__<type>":[[start,end,score]]}}, spans in code points). A row
// without the attribute is a document that could not be scored: it is counted, never taken for harmless.
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { expandGlobs } from "#datasets/files/globs";
import { readObjects } from "#datasets/files/json-lines";
import { CordonError } from "#models/errors";

export interface StoredScore {
  id: string;
  source?: string;
  /** Length of the document in code points. */
  chars: number;
  /** The attribute's score, of several spans the highest. */
  score: number;
  file: string;
}

export interface StoredScores {
  /** Full name of the attribute read. */
  attribute: string;
  scores: StoredScore[];
  /** Rows without a score: ids. */
  failed: string[];
}

const row = z.looseObject({
  id: z.union([z.string(), z.number().transform(String)]),
  source: z.string().optional(),
  attributes: z.record(z.string(), z.array(z.tuple([z.number(), z.number(), z.number()]).rest(z.unknown()))),
});

/** Files of scores below folders or matching globs. */
export async function scoreFiles(patterns: readonly string[]): Promise<string[]> {
  const globs: string[] = [];
  for (const pattern of patterns) {
    const folder = (await stat(pattern).catch(() => undefined))?.isDirectory() === true;
    globs.push(folder ? join(pattern, "**/*.{jsonl,jsonl.gz,jsonl.zst}") : pattern);
  }
  return expandGlobs(globs);
}

/**
 * Reads scores of one attribute, named in full or by its last part; by default the first of the first row, which for
 * `cordon filter` is the one that decided. Holds every id in memory.
 * @throws CordonError data/malformed-row, eval/unusable-result (an unknown or ambiguous attribute, an id twice)
 */
export async function readScores(files: readonly string[], wanted?: string): Promise<StoredScores> {
  let attribute: string | undefined;
  const scores: StoredScore[] = [];
  const failed: string[] = [];
  const seen = new Set<string>();
  for (const file of files) {
    for await (const { where, row: object } of readObjects(file)) {
      const { success, data } = row.safeParse(object);
      if (!success)
        throw new CordonError("data/malformed-row", "not a row of scores", {
          where,
          hint: 'a row is {"id","attributes":{NAME:[[start,end,score]]}}',
        });
      if (seen.has(data.id))
        throw new CordonError("eval/unusable-result", "a document's scores stand there twice", {
          where,
          hint: "give one experiment's attributes",
        });
      seen.add(data.id);
      const names = Object.keys(data.attributes);
      if (attribute === undefined && names.length > 0) attribute = choose(names, wanted, where);
      const spans = attribute === undefined ? undefined : data.attributes[attribute];
      if (spans === undefined || spans.length === 0) {
        failed.push(data.id);
        continue;
      }
      const score = Math.max(...spans.map((span) => span[2]));
      if (!(score >= 0 && score <= 1)) throw new CordonError("data/malformed-row", "a score must be from 0 to 1", { where });
      const source = data.source === undefined ? {} : { source: data.source };
      scores.push({ id: data.id, ...source, chars: Math.max(...spans.map((span) => span[1])), score, file });
    }
  }
  if (attribute === undefined || scores.length === 0) {
    throw new CordonError("eval/unusable-result", "no row has a score", {
      where: files.join(", "),
      hint: "write them with `cordon filter`",
    });
  }
  return { attribute, scores, failed };
}

function choose(names: string[], wanted: string | undefined, where: string): string {
  if (wanted === undefined) return names[0]!;
  if (names.includes(wanted)) return wanted;
  const fitting = names.filter((name) => name.endsWith(`__${wanted}`));
  if (fitting.length === 1) return fitting[0]!;
  throw new CordonError("eval/unusable-result", fitting.length === 0 ? `no attribute "${wanted}"` : `"${wanted}" fits several attributes`, {
    where,
    hint: `name one of ${names.join(", ")}`,
  });
}
