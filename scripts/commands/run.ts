// cordon run: everything in a row, by a built-in recipe.
//   cordon run                     the embedded pipeline, which `npm run pipeline` is
import { type Command, Argument, InvalidArgumentError, Option } from "commander";
import { join } from "node:path";
import { CordonError } from "#models/errors";
import { integerIn, printResult, share } from "#scripts/output";

const RECIPES = ["pipeline", "guardrail", "cascade", "filter-standin", "ablation", "collapse"] as const;
type Recipe = (typeof RECIPES)[number];

interface RunFlags {
  data?: string[];
  organic?: string[];
  eval?: string[];
  escalate: number;
  traffic?: string[];
  vectors?: string;
  backend: "auto" | "tensorflow" | "webgpu" | "wasm";
  recipe: string;
  generations: number;
  rows: number;
  out?: string;
  json?: boolean;
}

const HELP = `
Recipes:
  pipeline        generate from the embedded seeds, train, export ONNX, filter the embedded sample shard, sweep
                  thresholds, write a report (the default; takes no data; under a minute)
  guardrail       the guardrail's model in OUT/model, from the embedded seeds, the labelled files of --data and the
                  unlabelled documents of --organic
  cascade         the guardrail's model and a small encoder from scratch, on the same examples, and their cascade in
                  OUT/cascade, with a report of quality against cost (about ten minutes on a CPU; needs TensorFlow.js)
  filter-standin  the filter on a harmless stand-in for a hazard: microbiology, from DATA/mmlu and DATA/corpus
  ablation        does synthetic data help? A classifier for each part of it, measured on DATA/dev and on the stand-in
                  (DATA holds train/, dev/, mmlu/ and corpus/; about fifteen minutes)
  collapse        the grammar's examples written anew from a model's own picks, replaced and accumulated, with alarms
                  (takes no data; under two minutes)

Examples:
  cordon run
  cordon run guardrail --data 'data/train/*.jsonl.gz' --organic 'data/corpus/*.jsonl.gz' --out runs/guardrail
  cordon run cascade --data 'data/train/*.jsonl.gz' --organic 'data/corpus/*.jsonl.gz' --out runs/cascade
  cordon run filter-standin --data data --out runs/standin --json
  cordon run ablation --data data --out runs/ablation
  cordon run collapse --generations 5 --eval 'data/dev/*.jsonl.gz' --out runs/collapse`;

export function register(program: Command): void {
  program
    .command("run")
    .description("Run a recipe from seeds to results.")
    .addArgument(new Argument("[recipe]", "what to run").argParser(recipeName).default("pipeline"))
    .option("--data <path...>", "guardrail, cascade: labelled files or globs; filter-standin: the folder that holds mmlu/ and corpus/")
    .option("--organic <glob...>", "guardrail, cascade: unlabelled documents, JSONL (.gz, .zst), taken as harmless")
    .option("--escalate <share>", "cascade: share of the texts that may go to the encoder, such as 2%", share, 0.02)
    .option("--traffic <glob...>", "cascade: texts of which that is a share, JSONL {text} (default: the calibration rows)")
    .option("--vectors <file>", "cascade: word vectors that the encoder starts from (default: learned from its training texts)")
    .addOption(
      new Option("--backend <name>", "cascade: what trains the encoder").choices(["auto", "tensorflow", "webgpu", "wasm"]).default("auto"),
    )
    .option("--eval <ref...>", "collapse: labelled examples by which each generation's classifier is measured too")
    .option("--recipe <name|file>", "collapse: what makes generation 0", "embedded")
    .option("--generations <n>", "collapse: generations", integerIn(1, 100), 5)
    .option("--rows <n>", "collapse: rows of a generation", integerIn(500, 1_000_000), 4000)
    .option("--out <dir>", "folder to write to (default: runs/<recipe>)")
    .option("--json", "print the result as JSON on stdout")
    .addHelpText("after", HELP)
    .action(async (recipe: Recipe, flags: RunFlags) => {
      const out = flags.out ?? join("runs", recipe);
      if (recipe === "guardrail") {
        const { runGuardrail } = await import("#scripts/runs/guardrail");
        const { manifest, text } = await runGuardrail({ data: flags.data ?? [], organic: flags.organic ?? [], out });
        printResult(flags, manifest, text);
      } else if (recipe === "cascade") {
        const { runCascade } = await import("#scripts/runs/cascade");
        const { result, text } = await runCascade({ ...flags, data: flags.data ?? [], organic: flags.organic ?? [], out });
        printResult(flags, result, text);
      } else if (recipe === "filter-standin") {
        const { runFilterStandin } = await import("#scripts/runs/filter-standin");
        const { evaluation, text } = await runFilterStandin({ data: oneFolder(recipe, flags.data, "mmlu/ and corpus/"), out });
        printResult(flags, evaluation, text);
      } else if (recipe === "ablation") {
        const { runAblation } = await import("#scripts/runs/ablation");
        const { result, text } = await runAblation({ data: oneFolder(recipe, flags.data, "train/, dev/, mmlu/ and corpus/"), out });
        printResult(flags, result, text);
      } else if (recipe === "collapse") {
        const { runCollapse } = await import("#scripts/runs/collapse");
        const { result, text } = await runCollapse({
          out,
          generations: flags.generations,
          rows: flags.rows,
          recipe: flags.recipe,
          eval: flags.eval ?? [],
        });
        printResult(flags, result, text);
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

function oneFolder(recipe: Recipe, folders: readonly string[] | undefined, holds: string): string {
  const [data, ...more] = folders ?? [];
  if (data !== undefined && more.length === 0) return data;
  throw new CordonError("usage/bad-option", `${recipe} takes one folder`, { where: "--data", hint: `the one that holds ${holds}` });
}

function recipeName(value: string): Recipe {
  const known = RECIPES.find((name) => name === value);
  if (known === undefined) throw new InvalidArgumentError(`expected one of ${RECIPES.join(", ")}.`);
  return known;
}
