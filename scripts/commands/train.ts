// cordon train: a model package from labelled examples.
//   cordon train --data runs/examples/examples.jsonl --out runs/model
import type { Command } from "commander";
import type { Example } from "#datasets/example";
import { readRecipe } from "#datasets/recipe";
import { metric } from "#eval/report/numbers";
import type { Manifest } from "#models/manifest";
import { saveNgramPackage } from "#models/package";
import { MANIFEST_FILE } from "#models/package-files";
import { refuseForeignFolder } from "#models/output-folder";
import { type TrainOptions, trainNgram } from "#train/train-ngram";
import { CORDON_VERSION, gitRevision } from "#scripts/about";
import { Progress, printResult, table } from "#scripts/output";
import { type TrainFlags, addTrainOptions, trainOptions } from "#scripts/train-options";
import { type TrainingDataFlags, addTrainingDataOptions, readTrainingData } from "#scripts/training-data";

interface Flags extends TrainFlags, TrainingDataFlags {
  recipe?: string;
  name: string;
  description: string;
  out: string;
  json?: boolean;
}

const HELP = `
Rows are {text, label, …}: Cordon's own (from \`cordon generate\`), or a public set's, whose labels are mapped by its file
name. Categories of which a source says nothing are left out of the loss. One tenth of the lineages calibrates and picks
thresholds, one tenth measures. The same inputs, options and revision give the same bytes.

Writes to --out: model.onnx (raw strings in), cordon.json, README.md (model card).

Examples:
  cordon train --data runs/examples/examples.jsonl --out runs/model
  cordon train --data 'data/train/*.jsonl.gz' --organic 'corpus/*.jsonl.gz' --char-ngrams 3-4 --out runs/model`;

export function register(program: Command): void {
  const command = program.command("train").description("Train a model package on labelled examples.");
  addTrainingDataOptions(command).option("--recipe <name|file>", "recipe whose train section sets the options below; flags go before it");
  addTrainOptions(command)
    .option("--name <text>", "name of the model", "cordon-ngram")
    .option("--description <text>", "one sentence for the model card", "A harmful-content classifier trained with Cordon.")
    .requiredOption("--out <dir>", "folder of the package; an older package there is replaced")
    .option("--json", "print the manifest as JSON on stdout")
    .addHelpText("after", HELP)
    .action(async (flags: Flags) => {
      const recipe = flags.recipe === undefined ? undefined : await readRecipe(flags.recipe);
      const options = trainOptions(recipe?.train ?? {}, recipe?.seed, flags);
      await refuseForeignFolder(flags.out, MANIFEST_FILE);
      const examples = await readTrainingData(flags, recipe?.train.organic_characters);
      const manifest = await trainInto(flags.out, examples, options, flags);
      printResult(flags, manifest, describePackage(manifest));
    });
}

/** Trains and writes a package, with progress on stderr. */
export async function trainInto(
  dir: string,
  examples: readonly Example[],
  options: TrainOptions,
  about: { name: string; description: string },
): Promise<Manifest> {
  const progress = new Progress();
  const result = await trainNgram(
    examples,
    options,
    { name: about.name, description: about.description, cordonVersion: CORDON_VERSION, gitRevision: gitRevision() },
    (text) => progress.update(`training: ${text}`),
  );
  const manifest = await saveNgramPackage(dir, result.model, result.manifest);
  progress.done(`trained ${manifest.labels.length} labels on ${manifest.training.examples} examples, package in ${dir}`);
  return manifest;
}

/** Labels with their held-out metrics and thresholds. */
export function describePackage({ labels, heldOut, thresholds, training }: Manifest): string {
  const rows = labels.map((label) => {
    const m = heldOut[label] ?? {};
    return [
      label,
      String(training.positives[label] ?? 0),
      ...[m["auroc"], m["average_precision"], m["ece"], thresholds[label]?.threshold].map(metric),
    ];
  });
  return `${table(["label", "positives", "AUROC", "AP", "ECE", "threshold"], rows)}\n\nAUROC, average precision and calibration error are on held-out lineages.`;
}
