// The table of seed formats: benchmarks of questions, and sets of labelled text.
import type { Example } from "#datasets/example";
import { CordonError } from "#models/errors";
import { DOCUMENT_EXTENSIONS } from "./document.ts";
import { readGeneric, type ColumnMapping } from "./generic.ts";
import { readGretel } from "./gretel.ts";
import { readHarmBench } from "./harmbench.ts";
import { readHateCheck } from "./hatecheck.ts";
import { readJailbreakBench } from "./jailbreakbench.ts";
import { readMmlu } from "./mmlu.ts";
import { readOpenAi1680 } from "./openai-1680.ts";
import { readPkuSafeRlhf } from "./pku-saferlhf.ts";
import { readPromptfoo } from "./promptfoo.ts";
import { readPyrit } from "./pyrit.ts";
import type { Question } from "./question.ts";
import { resolveSeed, type ResolveOptions } from "./resolve.ts";
import { ROW_EXTENSIONS } from "./rows.ts";
import type { Skip } from "./skip.ts";
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
  read: (path: string, options?: TextReadOptions) => AsyncIterable<Example>;
}

export interface TextReadOptions {
  /** Columns, for the format `generic`. */
  columns?: ColumnMapping | undefined;
  /** Told of each row that has no label, which is no example. */
  skip?: Skip | undefined;
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
  {
    name: "harmbench",
    kind: "text",
    describe: "HarmBench behaviours: harmful requests",
    extensions: TEXT_TABLES,
    read: (path) => readHarmBench(path),
  },
  {
    name: "xstest",
    kind: "text",
    describe: "XSTest: safe prompts that look unsafe, and their contrasts",
    extensions: TEXT_TABLES,
    read: (path) => readXsTest(path),
  },
  {
    name: "hatecheck",
    kind: "text",
    describe: "HateCheck: functional tests of hate",
    extensions: TEXT_TABLES,
    read: (path) => readHateCheck(path),
  },
  {
    name: "openai-1680",
    kind: "text",
    describe: "OpenAI's public moderation set: eight keys, a missing one is unknown",
    extensions: [".jsonl", ".json", ".parquet"],
    read: (path) => readOpenAi1680(path),
  },
  {
    name: "gretel",
    kind: "text",
    describe: "Gretel's safety alignment set: two replies a request, judged for harm",
    extensions: TEXT_TABLES,
    read: (path, { skip } = {}) => readGretel(path, skip),
  },
  {
    name: "pku-saferlhf",
    kind: "text",
    describe: "PKU-SafeRLHF: two replies a request, 19 harm categories",
    extensions: TEXT_TABLES,
    read: (path, { skip } = {}) => readPkuSafeRlhf(path, skip),
  },
  {
    name: "jailbreakbench",
    kind: "text",
    describe: "JailbreakBench: behaviours, and artifacts with their outcome",
    extensions: TEXT_TABLES,
    read: (path, { skip } = {}) => readJailbreakBench(path, skip),
  },
  {
    name: "promptfoo",
    kind: "text",
    describe: "promptfoo: test cases, and the results of an evaluation",
    extensions: [".yaml", ".yml", ".json", ".jsonl"],
    read: (path, { skip } = {}) => readPromptfoo(path, skip),
  },
  {
    name: "pyrit",
    kind: "text",
    describe: "PyRIT seed data sets",
    extensions: DOCUMENT_EXTENSIONS,
    read: (path, { skip } = {}) => readPyrit(path, skip),
  },
  {
    name: "generic",
    kind: "text",
    describe: "any labelled text by a mapping of its columns (text, label, category, id)",
    extensions: ROW_EXTENSIONS,
    read: (path, { columns } = {}) => readGeneric(path, columns),
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
