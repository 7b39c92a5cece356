// The constitution: for every category, rules for what is harmful and for what only looks like it, and hand-written
// situations as minimal pairs, at the level of topic and intent (datasets/constitution/*.yaml). The idea is that of
// Constitutional Classifiers (arXiv 2501.18837); the grammar (datasets/grammar/) makes examples of it without an LLM.
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { CordonError } from "#models/errors";
import { CATEGORY_IDS, type CategoryId } from "#models/taxonomy";

export const CONSTITUTION_FOLDER = fileURLToPath(new URL("constitution/", import.meta.url));
/** The chapter that holds ordinary use, of no category. */
export const BENIGN = "benign";

const texts = z.array(z.string().min(1)).default([]);
/** [harmful, harmless], as close to each other as an honest pair can be. */
const pairs = z.array(z.tuple([z.string().min(1), z.string().min(1)])).default([]);
const categoryId = z.enum(CATEGORY_IDS as [CategoryId, ...CategoryId[]]);

export const chapterSchema = z.strictObject({
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

/** Reads and checks a YAML file. @throws CordonError usage/missing-file, data/malformed-row with file:line */
export async function readYaml<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new CordonError("usage/missing-file", "cannot read the file", { where: path, cause });
  });
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const error = document.errors[0];
  if (error) throw new CordonError("data/malformed-row", `not YAML (${error.code.toLowerCase()})`, { where: `${path}:${lines.linePos(error.pos[0]).line}`, cause: error });
  const parsed = schema.safeParse(document.toJS());
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  const node = document.getIn(issue.path as (string | number)[], true) as { range?: [number, number, number] } | undefined;
  const line = node?.range ? lines.linePos(node.range[0]).line : 1;
  throw new CordonError("data/malformed-row", `${issue.path.join(".") || "the file"}: ${issue.message}`, { where: `${path}:${line}`, cause: parsed.error });
}
