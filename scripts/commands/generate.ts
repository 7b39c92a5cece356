// cordon generate: labelled examples from a recipe.
//   cordon generate --recipe embedded --out runs/examples
import { type Command, InvalidArgumentError } from "commander";
import { type GenerationManifest, generateInto } from "#datasets/generate/generate";
import { readRecipe, type Recipe, resolveRecipe } from "#datasets/recipe";
import { CordonError } from "#models/errors";
import { unfinishedFolders } from "#models/output-folder";
import { CORDON_VERSION, gitRevision, revisionDate } from "#scripts/about";
import { describeDryRun, dryRun } from "#scripts/dry-run";
import { funnelTable } from "#scripts/funnel-table";
import { onInterrupt } from "#scripts/interrupt";
import { integerIn, numberIn, Progress, printResult } from "#scripts/output";
import { existingCache, openRecipeAsker } from "#scripts/recipe-asker";

interface GenerateFlags {
  recipe: string;
  seeds?: Record<string, string>;
  decontaminate?: string[];
  funnel?: boolean;
  seal?: boolean;
  dryRun?: boolean;
  maxCost?: number;
  maxTokens?: number;
  cache?: string;
  out?: string;
  json?: boolean;
}

const LISTED_REASONS = 4;

const HELP = `
Recipes that ship with Cordon; another one is a YAML file of the same shape (datasets/recipes/, docs/generate.md):
  embedded         constitution and grammar alone: no network, no language model
  embedded-all     the same and every other form that the grammar writes
  guardrail        the guardrail's: more of the grammar, and how it is trained
  filter-standin   microbiology, the harmless stand-in for a hazard (MMLU)
  cbrn             hazardous knowledge (WMDP) against MMLU, without a language model
  wmdp-bio, wmdp-chem, wmdp-cyber, cbrn-llm
                   the same with two endpoints, one for each side
  guardrail-llm    the guardrail with two endpoints

Recipes with endpoints take their addresses, models and keys from the environment. Each reply is kept as it comes, so a run
that was killed, or ended at its budget, is run again and goes on: no answer is paid twice.

Writes to --out: examples.jsonl (a row an example, with its lineage and split), manifest.json (recipe, seeds, the
funnel by topic, label and strategy, hashes), drops.jsonl (every row dropped, with the gate and its reason),
croissant.json (MLCommons Croissant 1.1: files, fields, provenance). No text is printed. With --seal it is examples.jsonl.sealed.

Examples:
  cordon generate --recipe embedded --out runs/examples
  cordon generate --recipe filter-standin --seeds mmlu=data/mmlu --out runs/standin
  cordon generate --recipe guardrail-llm --dry-run
  cordon generate --recipe guardrail-llm --max-cost 20 --out runs/guardrail-llm
  cordon generate --recipe guardrail --decontaminate 'data/eval/*.jsonl.gz' xstest:xstest_prompts.csv --out runs/examples`;

export function register(program: Command): void {
  program
    .command("generate")
    .description("Generate labelled examples from a recipe.")
    .option("--recipe <name|file>", "what to generate", "embedded")
    .option("--seeds <name=ref...>", "other seeds for a name of the recipe: a path, or hf:owner/name[/config][:split]", collectSeeds)
    .option(
      "--decontaminate <ref...>",
      "evaluation sets that no row may share text with, as --data of cordon eval names them, beside the recipe's",
    )
    .option("--funnel", "print the funnel for every cell (topic × label × strategy), not its sums")
    .option("--seal", "seal the examples, and all that holds text on the way to them, under the environment's key (cordon seal --help)")
    .option("--dry-run", "print calls, tokens and price of each strategy and generator; asks, spends and writes nothing")
    .option("--max-cost <dollars>", "stop before the language models come to more, in US dollars (default: no bound)", numberIn(0, 1e9))
    .option("--max-tokens <n>", "stop before prompts and replies come to more tokens (default: no bound)", integerIn(0, 1e15))
    .option("--cache <dir>", "folder of the replies that are kept (default: $CORDON_CACHE/replies, else ~/.cache/cordon/replies)")
    .option("--out <dir>", "folder to write to, required; an older one of generated examples is replaced")
    .option("--json", "print the manifest (or the dry run) as JSON on stdout")
    .addHelpText("after", HELP)
    .action(async (flags: GenerateFlags, command: Command) => {
      const recipe = await readRecipe(flags.recipe);
      if (flags.dryRun) return await estimate(recipe, flags);
      if (flags.out === undefined) command.error("error: required option '--out <dir>' not specified");
      await generateWith(resolveRecipe(recipe, flags.recipe), flags, flags.out);
    });
}

async function generateWith(recipe: Recipe, flags: GenerateFlags, out: string): Promise<void> {
  const progress = new Progress();
  for (const folder of await unfinishedFolders(out)) {
    process.stderr.write(`${folder} was left by a run that did not end, and may hold texts: delete it, unless that run still goes on\n`);
  }
  const { maxCost, maxTokens, cache, seal: sealed } = flags;
  const models = await openRecipeAsker(recipe, { maxCost, maxTokens, cache, sealed, notify: (line) => progress.update(line) });
  const made = { rows: 0, failed: 0 };
  const reasons = new Map<string, number>();
  let stage = "";
  const tell = () => {
    const asked = models === undefined ? "" : `; ${models.line()}`;
    progress.update(`generating ${recipe.name}: ${made.rows} rows, ${made.failed} failed${stage}${asked}`);
  };
  const ticking = setInterval(tell, 500);
  const interrupted = new CordonError("generate/interrupted", "interrupted: nothing was written", {
    where: out,
    hint: models === undefined ? "run it again" : "run it again: the replies that came are kept, and it goes on from there",
  });
  const interrupt = onInterrupt(interrupted, () => {
    process.stderr.write("ending; what is under way is waited for\n");
    // A question that is given up rejects its asker; the run itself tells why.
    models?.asker.close().catch(() => {});
  });
  try {
    const { manifest, examples } = await generateInto(out, recipe, {
      seeds: flags.seeds ?? {},
      asker: models?.asker,
      window: models?.window,
      onCandidate: (candidate) => {
        interrupt.signal.throwIfAborted();
        made[candidate.state === "row" ? "rows" : "failed"]++;
        if (candidate.state === "failed") reasons.set(candidate.reason, (reasons.get(candidate.reason) ?? 0) + 1);
      },
      decontaminate: flags.decontaminate,
      onProgress: (what, n) => {
        stage = what === "candidates" ? "" : `, ${n} ${what}`;
        tell();
      },
      cordonVersion: CORDON_VERSION,
      gitRevision: gitRevision(),
      date: revisionDate(),
      sealed,
    });
    progress.done(`${manifest.rows} examples in ${examples}${models === undefined ? "" : `; ${models.line()}`}`);
    printResult(flags, manifest, describeGeneration(manifest, flags.funnel));
  } catch (error) {
    interrupt.signal.throwIfAborted();
    throw error;
  } finally {
    interrupt.stop();
    clearInterval(ticking);
    if (reasons.size > 0) process.stderr.write(`${describeFailures(reasons)}\n`);
    await models?.close();
  }
}

/** Where variables are not set, the recipe is counted all the same: only what the cache holds is not known then. */
async function estimate(recipe: Recipe, flags: GenerateFlags): Promise<void> {
  let resolved: Recipe | undefined;
  try {
    resolved = resolveRecipe(recipe, flags.recipe);
  } catch (error) {
    if (!(error instanceof CordonError)) throw error;
    process.stderr.write(`the cache is not counted: ${error.message}\n`);
  }
  const cache = resolved === undefined ? undefined : await existingCache({ cache: flags.cache, sealed: flags.seal });
  try {
    const result = await dryRun(resolved ?? recipe, flags.seeds ?? {}, cache);
    printResult(flags, result, describeDryRun(result));
  } finally {
    await cache?.close();
  }
}

/** Option parser: NAME=REF, repeatable. */
export function collectSeeds(value: string, all: Record<string, string> = {}): Record<string, string> {
  const at = value.indexOf("=");
  if (at < 1 || at === value.length - 1) throw new InvalidArgumentError("expected NAME=REF, such as mmlu=data/mmlu.");
  return { ...all, [value.slice(0, at)]: value.slice(at + 1) };
}

/** Why rows could not be made, the most frequent reasons first; none holds a model's text. */
function describeFailures(reasons: ReadonlyMap<string, number>): string {
  const most = [...reasons].sort(([, a], [, b]) => b - a).slice(0, LISTED_REASONS);
  const rest = reasons.size - most.length;
  return `not made: ${most.map(([reason, rows]) => `${rows} (${reason})`).join(", ")}${rest === 0 ? "" : `, and ${rest} more reasons in drops.jsonl`}`;
}

/** What became of the candidates, and what is left. */
export function describeGeneration({ funnel, splits, rows, harmful }: GenerationManifest, all = false): string {
  const split = Object.entries(splits)
    .map(([name, n]) => `${name} ${n}`)
    .join(", ");
  return `${funnelTable(funnel, { all })}\n\n${rows} examples, ${harmful} harmful; ${split}`;
}
