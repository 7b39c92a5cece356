// cordon run: everything in a row, by a built-in recipe.
//   cordon run                     the embedded pipeline, which `npm run pipeline` is
import { type Command, Argument, InvalidArgumentError } from "commander";
import { join } from "node:path";
import { CordonError } from "#models/errors";
import { printResult } from "#scripts/output";

const RECIPES = ["pipeline", "guardrail", "filter-standin"] as const;
type Recipe = (typeof RECIPES)[number];

interface RunFlags {
  data?: string[];
  organic?: string[];
  out?: string;
  json?: boolean;
}

const HELP = `
Recipes:
  pipeline        generate from the embedded seeds, train, export ONNX, filter the embedded sample shard, sweep
                  thresholds, write a report (the default; takes no data; under a minute)
  guardrail       the guardrail's model in OUT/model, from the embedded seeds, the labelled files of --data and the
                  unlabelled documents of --organic
  filter-standin  the filter on a harmless stand-in for a hazard: microbiology, from DATA/mmlu and DATA/corpus

Examples:
  cordon run
  cordon run guardrail --data 'data/train/*.jsonl.gz' --organic 'data/corpus/*.jsonl.gz' --out runs/guardrail
  cordon run filter-standin --data data --out runs/standin --json`;

export function register(program: Command): void {
  program
    .command("run")
    .description("Run a recipe from seeds to results.")
    .addArgument(new Argument("[recipe]", "what to run").argParser(recipeName).default("pipeline"))
    .option("--data <path...>", "guardrail: labelled files or globs; filter-standin: the folder that holds mmlu/ and corpus/")
    .option("--organic <glob...>", "guardrail: unlabelled documents, JSONL (.gz, .zst), taken as harmless")
    .option("--out <dir>", "folder to write to (default: runs/<recipe>)")
    .option("--json", "print the result as JSON on stdout")
    .addHelpText("after", HELP)
    .action(async (recipe: Recipe, flags: RunFlags) => {
      const out = flags.out ?? join("runs", recipe);
      if (recipe === "guardrail") {
        const { runGuardrail } = await import("#scripts/runs/guardrail");
        const { manifest, text } = await runGuardrail({ data: flags.data ?? [], organic: flags.organic ?? [], out });
        printResult(flags, manifest, text);
      } else if (recipe === "filter-standin") {
        const [data, ...more] = flags.data ?? [];
        if (data === undefined || more.length > 0) {
          throw new CordonError("usage/bad-option", "filter-standin takes one folder", {
            where: "--data",
            hint: "the one that holds mmlu/ and corpus/",
          });
        }
        const { runFilterStandin } = await import("#scripts/runs/filter-standin");
        const { evaluation, text } = await runFilterStandin({ data, out });
        printResult(flags, evaluation, text);
      } else {
        if (flags.data ?? flags.organic)
          throw new CordonError("usage/bad-option", "the pipeline takes no data", {
            where: "--data, --organic",
            hint: "see cordon run guardrail",
          });
        const { runPipeline } = await import("#scripts/runs/pipeline");
        const { result, text } = await runPipeline({ out });
        printResult(flags, result, text);
      }
    });
}

function recipeName(value: string): Recipe {
  const known = RECIPES.find((name) => name === value);
  if (known === undefined) throw new InvalidArgumentError(`expected one of ${RECIPES.join(", ")}.`);
  return known;
}
