// cordon run guardrail: the guardrail's model, from the embedded synthetic examples, the labelled data and the
// unlabelled text that are given.
import { join } from "node:path";
import type { Example } from "#datasets/example";
import { expandGlobs } from "#datasets/files/globs";
import { labelledFiles } from "#datasets/labelled-files";
import { collect } from "#datasets/files/collect";
import { readExamples } from "#datasets/files/read-examples";
import { generateInto } from "#datasets/generate/generate";
import { readOrganic } from "#datasets/organic";
import { readRecipe } from "#datasets/recipe";
import type { Manifest } from "#models/manifest";
import { CORDON_VERSION, gitRevision } from "#scripts/about";
import { describePackage, trainInto } from "#scripts/commands/train";
import { Progress } from "#scripts/output";
import { trainOptions } from "#scripts/train-options";

export interface GuardrailRun {
  data: readonly string[];
  organic: readonly string[];
  out: string;
}

export async function runGuardrail({ data, organic, out }: GuardrailRun): Promise<{ manifest: Manifest; text: string }> {
  // What can be refused is refused before the long part.
  const files = await labelledFiles(data);
  const documents = await expandGlobs(organic);
  const recipe = await readRecipe("guardrail");
  const progress = new Progress();
  const generated = await generateInto(join(out, "examples"), recipe, {
    seeds: {},
    cordonVersion: CORDON_VERSION,
    gitRevision: gitRevision(),
  });
  const examples: Example[] = await collect(readExamples(generated.examples));
  progress.done(`${examples.length} synthetic examples`);
  for (const file of files) for await (const example of file.read()) examples.push(example);
  for await (const example of readOrganic(documents, { characters: recipe.train.organic_characters })) examples.push(example);
  const manifest = await trainInto(join(out, "model"), examples, trainOptions(recipe.train, recipe.seed, {}), {
    name: "cordon-guardrail",
    description: "Harmful requests and posts by category, for a guardrail: the embedded synthetic examples and the data it was given.",
  });
  const text = `${describePackage(manifest)}\n\nnext: npx cordon eval --model ${join(out, "model")} --data GLOB\n      npx cordon serve --model ${join(out, "model")} --port 8787`;
  return { manifest, text };
}
