// The evaluation sets that a recipe, or `--decontaminate`, names.
import type { Example } from "#datasets/example";
import { readObjects } from "#datasets/files/json-lines";
import { toExample } from "#datasets/files/read-examples";
import { labelledFiles, TEXT_FORMAT_NAMES } from "#datasets/labelled-files";
import { SEED_FORMATS } from "#datasets/seeds/index";
import type { Question } from "#datasets/seeds/question";
import { resolveSeed } from "#datasets/seeds/resolve";
import { extensionOf } from "#datasets/seeds/rows";
import { sourceName } from "#datasets/sources/table";

export interface EvaluationText {
  /** `set:id`, which is all that is ever told of it. */
  name: string;
  text: string;
}

/** The texts of a file, read when they are asked for. */
export type EvaluationFile = () => AsyncIterable<EvaluationText>;

/**
 * The files of references as `--data` takes them, and of `hf:REF` and questions (`mmlu:REF`, `wmdp:REF`) besides. Rows of
 * JSON lines are {id?, text} and need no label.
 * @throws CordonError usage/missing-file, hub/*; while reading data/*
 */
export async function evaluationFiles(references: readonly string[]): Promise<EvaluationFile[]> {
  const files: EvaluationFile[] = [];
  for (const reference of references) {
    const name = /^([^:]+):/.exec(reference)?.[1] ?? "";
    const format = SEED_FORMATS.find((each) => each.name === name);
    if (format?.kind === "questions") {
      const paths = await resolveSeed(reference.slice(name.length + 1), { extensions: format.extensions });
      for (const path of paths) files.push(() => questionTexts(format.read(path)));
      continue;
    }
    for (const plain of reference.startsWith("hf:") ? await resolveSeed(reference) : [reference]) {
      for (const file of await labelledFiles([plain])) {
        const isText = !TEXT_FORMAT_NAMES.includes(name) && ["", ".jsonl", ".ndjson"].includes(extensionOf(file.path));
        const set = sourceName(file.path);
        files.push(() => rowTexts(isText ? jsonTexts(file.path, set) : file.read(), set));
      }
    }
  }
  return files;
}

async function* questionTexts(questions: AsyncIterable<Question>): AsyncGenerator<EvaluationText> {
  for await (const { id, question, choices } of questions) yield { name: id, text: [question, ...choices].join("\n") };
}

async function* rowTexts(rows: AsyncIterable<Example>, set: string): AsyncGenerator<EvaluationText> {
  for await (const { id, text } of rows) yield { name: `${set}:${id}`, text };
}

async function* jsonTexts(path: string, set: string): AsyncGenerator<Example> {
  for await (const { row, where } of readObjects(path)) {
    const { id, text } = row;
    yield toExample({ ...(id === undefined ? {} : { id }), text, label: 0 }, set, where);
  }
}
