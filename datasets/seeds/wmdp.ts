// WMDP (cais/wmdp): multiple-choice questions that stand in for hazardous knowledge, in three configurations. Which one a
// file holds is read from its path: the configuration's folder, or `bio_questions.json` as first published.
import { basename } from "node:path";
import type { CategoryId } from "#models/taxonomy";
import { toQuestion, type Question } from "./question.ts";
import { readRows } from "./rows.ts";

const CATEGORIES = { bio: "biological", chem: "chemical", cyber: "cyber" } as const satisfies Record<string, CategoryId>;

/** The questions of one file. Where the path does not tell the configuration, subject is `wmdp` and no category is set. */
export async function* readWmdp(path: string): AsyncGenerator<Question> {
  const part = wmdpPart(path);
  const facts =
    part === undefined ? { source: "wmdp", subject: "wmdp" } : { source: "wmdp", subject: `wmdp-${part}`, category: CATEGORIES[part] };
  for await (const row of readRows(path)) yield toQuestion(row, facts);
}

/** The part of WMDP that a path names; the name nearest to the file decides. */
export function wmdpPart(path: string): keyof typeof CATEGORIES | undefined {
  const inPath = [...path.toLowerCase().matchAll(/wmdp[-_](bio|chem|cyber)(?![a-z])/g)].at(-1)?.[1];
  const inName = /^(bio|chem|cyber)(?![a-z])/.exec(basename(path).toLowerCase())?.[1];
  return (inName ?? inPath) as keyof typeof CATEGORIES | undefined;
}
