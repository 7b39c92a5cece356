// cordon generate: labelled examples from a recipe.
//   cordon generate --recipe embedded --out runs/examples
import { type Command, InvalidArgumentError } from "commander";
import { type Counts, EXAMPLES_FILE, type GenerationManifest, generateInto } from "#datasets/generate/generate";
import { readRecipe } from "#datasets/recipe";
import { CORDON_VERSION, gitRevision } from "#scripts/about";
import { Progress, printResult, table } from "#scripts/output";

interface GenerateFlags {
  recipe: string;
  seeds?: Record<string, string>;
  out: string;
  json?: boolean;
}

const HELP = `
Recipes that ship with Cordon: embedded (constitution and grammar alone), guardrail (the same, more of it), cbrn (WMDP
against MMLU), filter-standin (microbiology, the harmless stand-in). Another one is a YAML file of the same shape (datasets/recipes/).

Writes to --out: examples.jsonl (a row an example, with its lineage and split), manifest.json (recipe, seeds, counts by
category, label and strategy, hashes), drops.jsonl (every row dropped, with the gate and its reason). No text is printed.

Examples:
  cordon generate --recipe embedded --out runs/examples
  cordon generate --recipe filter-standin --seeds mmlu=data/mmlu --out runs/standin`;

export function register(program: Command): void {
  program
    .command("generate")
    .description("Generate labelled examples from a recipe.")
    .option("--recipe <name|file>", "what to generate", "embedded")
    .option("--seeds <name=ref...>", "other seeds for a name of the recipe: a path, or hf:owner/name[/config][:split]", collectSeeds)
    .requiredOption("--out <dir>", "folder to write to; an older one of generated examples is replaced")
    .option("--json", "print the manifest as JSON on stdout")
    .addHelpText("after", HELP)
    .action(async (flags: GenerateFlags) => {
      const recipe = await readRecipe(flags.recipe);
      const progress = new Progress();
      progress.update(`generating ${recipe.name}`);
      const { manifest } = await generateInto(flags.out, recipe, {
        seeds: flags.seeds ?? {},
        cordonVersion: CORDON_VERSION,
        gitRevision: gitRevision(),
      });
      progress.done(`${manifest.rows} examples in ${flags.out}/${EXAMPLES_FILE}`);
      printResult(flags, manifest, describeGeneration(manifest));
    });
}

/** Option parser: NAME=REF, repeatable. */
export function collectSeeds(value: string, all: Record<string, string> = {}): Record<string, string> {
  const at = value.indexOf("=");
  if (at < 1 || at === value.length - 1) throw new InvalidArgumentError("expected NAME=REF, such as mmlu=data/mmlu.");
  return { ...all, [value.slice(0, at)]: value.slice(at + 1) };
}

/** Counts by category × label × strategy, and what was dropped where. */
export function describeGeneration({ counts, dropped, splits, rows, harmful }: GenerationManifest): string {
  const strategies = [...new Set([counts.harmful, counts.harmless].flatMap((side) => Object.values(side).flatMap(Object.keys)))].sort();
  const line = (name: string, side: string, cells: Counts[string]) => [name, side, ...strategies.map((s) => String(cells[s] ?? 0))];
  const categories = [...new Set([...Object.keys(counts.harmful), ...Object.keys(counts.harmless)])].sort();
  const body = categories.flatMap((name) => [
    ...(counts.harmful[name] ? [line(name, "harmful", counts.harmful[name])] : []),
    ...(counts.harmless[name] ? [line(name, "harmless", counts.harmless[name])] : []),
  ]);
  const lost = Object.entries(dropped)
    .map(([gate, n]) => `${gate} ${n}`)
    .join(", ");
  const split = Object.entries(splits)
    .map(([name, n]) => `${name} ${n}`)
    .join(", ");
  return `${table(["category", "side", ...strategies], body)}\n\n${rows} examples, ${harmful} harmful; ${split}\ndropped: ${lost}`;
}
