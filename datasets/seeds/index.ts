// The table of seed formats: benchmarks of questions, and sets of labelled text.
import type { Example } from "#datasets/example";
import { CordonError } from "#models/errors";
import { readGeneric, type ColumnMapping } from "./generic.ts";
import { readHarmBench } from "./harmbench.ts";
import { readHateCheck } from "./hatecheck.ts";
import { readMmlu } from "./mmlu.ts";
import { readOpenAi1680 } from "./openai-1680.ts";
import type { Question } from "./question.ts";
import { resolveSeed, type ResolveOptions } from "./resolve.ts";
import { ROW_EXTENSIONS } from "./rows.ts";
import { readWmdp } from "./wmdp.ts";
import { readXsTest } from "./xstest.ts";

interface Format {
  name: string;
  /** One line for people. */
  describe: string;
  /** Extensions of its files in a folder, each also with .gz or .zst. */
  extensions: readonly string[];
}

export interface QuestionFormat extends Format {
  kind: "questions";
  read: (path: string) => AsyncIterable<Question>;
}

export interface TextFormat extends Format {
  kind: "text";
  read: (path: string, mapping?: ColumnMapping) => AsyncIterable<Example>;
}

export type SeedFormat = QuestionFormat | TextFormat;

const TEXT_TABLES = [".csv", ".tsv", ".parquet", ".jsonl", ".json"] as const;

export const SEED_FORMATS: readonly SeedFormat[] = [
  {
    name: "mmlu",
    kind: "questions",
    describe: "MMLU: SUBJECT_{dev,val,test}.csv without a header, or cais/mmlu",
    extensions: [".csv", ".parquet", ".jsonl", ".json"],
    read: readMmlu,
  },
  {
    name: "wmdp",
    kind: "questions",
    describe: "WMDP: cais/wmdp, configurations wmdp-bio, wmdp-chem and wmdp-cyber",
    extensions: [".parquet", ".jsonl", ".json"],
    read: readWmdp,
  },
  { name: "harmbench", kind: "text", describe: "HarmBench behaviours: harmful requests", extensions: TEXT_TABLES, read: readHarmBench },
  {
    name: "xstest",
    kind: "text",
    describe: "XSTest: safe prompts that look unsafe, and their contrasts",
    extensions: TEXT_TABLES,
    read: readXsTest,
  },
  { name: "hatecheck", kind: "text", describe: "HateCheck: functional tests of hate", extensions: TEXT_TABLES, read: readHateCheck },
  {
    name: "openai-1680",
    kind: "text",
    describe: "OpenAI's public moderation set: eight keys, a missing one is unknown",
    extensions: [".jsonl", ".json", ".parquet"],
    read: readOpenAi1680,
  },
  {
    name: "generic",
    kind: "text",
    describe: "any labelled text by a mapping of its columns (text, label, category, id)",
    extensions: ROW_EXTENSIONS,
    read: readGeneric,
  },
];

/** @throws CordonError usage/bad-option, listing the formats */
export function seedFormat(name: string): SeedFormat {
  const format = SEED_FORMATS.find((f) => f.name === name);
  if (format !== undefined) return format;
  throw new CordonError("usage/bad-option", `no seed format "${name}"`, {
    hint: `there are ${SEED_FORMATS.map((f) => f.name).join(", ")}`,
  });
}

/**
 * The questions of a benchmark.
 * @param ref a file, a folder, a glob, or `hf:owner/name[/config][:split]`
 */
export async function* readQuestions(formatName: string, ref: string, options: ResolveOptions = {}): AsyncGenerator<Question> {
  const format = seedFormat(formatName);
  if (format.kind !== "questions") throw new CordonError("usage/bad-option", `seed format "${formatName}" holds texts, not questions`);
  for (const path of await resolveSeed(ref, { extensions: format.extensions, ...options })) yield* format.read(path);
}
