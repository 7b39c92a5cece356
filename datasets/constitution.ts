// The constitution: for every category, rules for what is harmful and for what only looks like it, and hand-written
// situations as minimal pairs, at the level of topic and intent (datasets/constitution/*.yaml). The idea is that of
// Constitutional Classifiers (arXiv 2501.18837); the grammar (datasets/grammar/) makes examples of it without an LLM.
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readYaml } from "#datasets/files/read-yaml";
import { CordonError } from "#models/errors";
import { CATEGORY_IDS, type CategoryId } from "#models/taxonomy";

export const CONSTITUTION_FOLDER = fileURLToPath(new URL("constitution/", import.meta.url));
/** The chapter that holds ordinary use, of no category. */
export const BENIGN = "benign";
/** The chapter of rules alone: no harmful text of it is ever written (docs/handling.md). */
const UNWRITTEN: CategoryId = "child-exploitation";

const texts = z.array(z.string().min(1)).default([]);
/** [harmful, harmless], as close to each other as an honest pair can be. */
const pairs = z.array(z.tuple([z.string().min(1), z.string().min(1)])).default([]);
const categoryId = z.enum(CATEGORY_IDS as [CategoryId, ...CategoryId[]]);

const fields = z.strictObject({
  category: z.union([categoryId, z.literal(BENIGN)]),
  title: z.string(),
  definition: z.string(),
  /** Further categories of every harmful text of the chapter. */
  also: z.array(categoryId).default([]),
  /** Rules: what counts. */
  harmful: texts,
  /** Rules: what looks alike and is fine. */
  harmless: texts,
  slots: z.record(z.string(), z.array(z.union([z.string(), z.number()]).transform(String)).min(1)).default({}),
  /** Bare infinitives. */
  acts: pairs,
  harmful_acts: texts,
  harmless_acts: texts,
  /** Whole messages. */
  posts: pairs,
  harmful_posts: texts,
  harmless_posts: texts,
  /** Nouns that name the field in encyclopaedic prose. */
  terms: texts,
});

export const chapterSchema = fields.superRefine((chapter, context) => {
  if (chapter.category !== UNWRITTEN && !chapter.also.includes(UNWRITTEN)) return;
  for (const field of ["acts", "harmful_acts", "posts", "harmful_posts"] as const) {
    if (chapter[field].length > 0)
      context.addIssue({ code: "custom", path: [field], message: `no harmful text of ${UNWRITTEN} is ever written` });
  }
});

export type Chapter = z.infer<typeof chapterSchema>;

/** The chapters of a folder in the order of their names. @throws CordonError with file:line */
export async function readConstitution(folder: string = CONSTITUTION_FOLDER): Promise<Chapter[]> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new CordonError("usage/missing-file", "no such constitution folder", { where: folder, cause });
  });
  const files = names.filter((name) => name.endsWith(".yaml")).sort();
  if (files.length === 0) throw new CordonError("usage/missing-file", "no chapter (*.yaml) in the constitution folder", { where: folder });
  return Promise.all(files.map((name) => readYaml(join(folder, name), chapterSchema)));
}
