// Joins stored scores with what is known of the documents: source, label, text for the probe. A document without a
// score, or the reverse, is an error: silence here would move every share in the results.
import { z } from "zod";
import { readObjects } from "#datasets/files/json-lines";
import { readRows } from "#datasets/seeds/rows";
import { setNames } from "#eval/set-name";
import { CordonError } from "#models/errors";
import type { ScoredDocument } from "./ledger.ts";
import type { StoredScores } from "./scores.ts";
import { MAX_SOURCES } from "./sweep.ts";

export interface JoinOptions {
  /** Files of documents, {"id","text","source"?,"label"?}. */
  documents?: readonly string[];
  /** Labels by id; they come before those of the documents. */
  labels?: ReadonlyMap<string, 0 | 1>;
  /** Documents whose source contains this are to be removed (1), all others kept (0). */
  harmfulSource?: string;
  /** Keep the texts. */
  texts?: boolean;
}

export interface JoinedDocument extends ScoredDocument {
  /** UTF-8; empty unless asked for. */
  text: Uint8Array;
}

const LABEL = z.union([z.literal(0), z.literal(1), z.boolean().transform((b): 0 | 1 => (b ? 1 : 0))]);
const document = z.looseObject({
  id: z.union([z.string(), z.number().transform(String)]),
  text: z.string(),
  source: z.string().optional(),
  label: LABEL.optional(),
});
const NONE = new Uint8Array(0);

/** @throws CordonError data/malformed-row, data/unreadable (documents and scores that do not match) */
export async function joinDocuments(stored: StoredScores, options: JoinOptions): Promise<JoinedDocument[]> {
  const files = options.documents ?? [];
  const about = new Map<string, { source?: string | undefined; label?: 0 | 1 | undefined; text: Uint8Array; file: string }>();
  const failed = new Set(stored.failed);
  const wanted = new Set(stored.scores.map((s) => s.id));
  let unscored = 0;
  for (const file of files) {
    for await (const { where, row } of readObjects(file)) {
      const { success, data } = document.safeParse(row);
      if (!success)
        throw new CordonError("data/malformed-row", "not a document", { where, hint: 'a document is {"id","text","source"?,"label"?}' });
      if (failed.has(data.id)) continue;
      if (!wanted.has(data.id)) unscored++;
      else about.set(data.id, { source: data.source, label: data.label, text: options.texts ? Buffer.from(data.text) : NONE, file });
    }
  }
  if (unscored > 0) throw mismatch(`${unscored} documents have no score`, files);
  if (files.length > 0 && about.size < wanted.size) throw mismatch(`${wanted.size - about.size} scores belong to no document`, files);

  const scoreSets = new Map(zip([...new Set(stored.scores.map((s) => s.file))]));
  const documentSets = new Map(zip(files));
  const joined = stored.scores.map(({ id, source, chars, score, file }) => {
    const known = about.get(id);
    const from = known?.source ?? source;
    const label =
      options.labels?.get(id) ?? (options.harmfulSource === undefined ? known?.label : from?.includes(options.harmfulSource) ? 1 : 0);
    return { id, from, set: known ? documentSets.get(known.file)! : scoreSets.get(file)!, chars, score, label, text: known?.text ?? NONE };
  });
  // Sources may be as many as documents, such as their addresses: then the file says more.
  const distinct = new Set(joined.map((d) => d.from));
  const bySource = distinct.size <= MAX_SOURCES && !distinct.has(undefined);
  return joined.map(({ from, set, label, ...rest }) => ({
    ...rest,
    source: bySource ? from! : set,
    ...(label !== undefined && { label }),
  }));
}

/** Labels by id: rows {"id","label"} as JSON lines, CSV or Parquet. @throws CordonError data/malformed-row */
export async function readLabels(file: string): Promise<Map<string, 0 | 1>> {
  const labels = new Map<string, 0 | 1>();
  const schema = z.looseObject({
    id: z.union([z.string(), z.number().transform(String)]),
    label: z.union([LABEL, z.literal("0").transform(() => 0 as const), z.literal("1").transform(() => 1 as const)]),
  });
  for await (const { where, row } of readRows(file)) {
    const { success, data } = schema.safeParse(row);
    if (!success) throw new CordonError("data/malformed-row", "not a label", { where, hint: 'a row is {"id","label": 0 or 1}' });
    labels.set(data.id, data.label);
  }
  return labels;
}

function zip(files: readonly string[]): [string, string][] {
  return setNames(files).map((name, i) => [files[i]!, name]);
}

function mismatch(what: string, files: readonly string[]): CordonError {
  return new CordonError("data/unreadable", `documents and scores do not match: ${what}`, {
    where: files.length > 3 ? `${files[0]} and ${files.length - 1} more` : files.join(", "),
    hint: "give the documents that were scored, all of them",
  });
}
