// The options by which verbs that fit a model take their examples, and the reading of them.
import type { Command } from "commander";
import type { Example } from "#datasets/example";
import { expandGlobs } from "#datasets/files/globs";
import { labelledFiles } from "#datasets/labelled-files";
import { readOrganic } from "#datasets/organic";
import type { ColumnMapping } from "#datasets/seeds/generic";
import { COLUMNS_HELP, columnMapping, DATA_HELP, SkippedRows } from "#scripts/data-options";
import { integerIn } from "#scripts/output";

export interface TrainingDataFlags {
  data: string[];
  columns?: ColumnMapping;
  organic?: string[];
  organicCharacters?: number;
}

export function addTrainingDataOptions(command: Command): Command {
  return command
    .requiredOption("--data <ref...>", DATA_HELP)
    .option("--columns <map>", COLUMNS_HELP, columnMapping)
    .option("--organic <glob...>", "unlabelled documents, JSONL (.gz, .zst), taken as harmless")
    .option("--organic-characters <n>", "beginning of each unlabelled document that is read; 0 for all (default: 0)", integerIn(0, 1e9));
}

/**
 * All examples, in the order of the files; rows without a label are counted on stderr.
 * @param recipeCharacters of unlabelled documents, where no flag says it
 */
export async function readTrainingData(flags: TrainingDataFlags, recipeCharacters?: number): Promise<Example[]> {
  const examples: Example[] = [];
  const skipped = new SkippedRows();
  for (const file of await labelledFiles(flags.data, flags.columns))
    for await (const example of file.read(skipped.of(file.path))) examples.push(example);
  skipped.report();
  if (flags.organic !== undefined) {
    const characters = flags.organicCharacters ?? recipeCharacters;
    for await (const example of readOrganic(await expandGlobs(flags.organic), { characters })) examples.push(example);
  }
  return examples;
}
