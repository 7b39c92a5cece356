// Builds the command line from the verbs in scripts/commands/ and maps every failure to one line and an exit code:
// 0 done, 1 failed or a gate not met, 2 usage. Results go to stdout, progress and errors to stderr.
import { Command, CommanderError } from "commander";
import { CordonError } from "#models/errors";
import packageJson from "#package" with { type: "json" };

interface Verb {
  /** Its line in `cordon --help`, which loads no verb; the first line of its own help says the same (a test sees to it). */
  summary: string;
  /** Loaded when the verb is named: `cordon filter` should not wait for what `cordon train` needs. */
  load: () => Promise<{ register: (program: Command) => void }>;
}

/** The verbs in the order of `cordon --help`. */
export const VERBS: Record<string, Verb> = {
  run: { summary: "Run a recipe from seeds to results.", load: () => import("./commands/run.ts") },
  generate: { summary: "Generate labelled examples from a recipe.", load: () => import("./commands/generate.ts") },
  export: { summary: "Export examples in the format of another tool.", load: () => import("./commands/export.ts") },
  trace: { summary: "Trace a row to its seeds, or a seed to its rows.", load: () => import("./commands/trace.ts") },
  seal: { summary: "Seal files at rest: each PATH becomes PATH.sealed.", load: () => import("./commands/seal.ts") },
  unseal: { summary: "Open sealed files: write them in the clear to a folder.", load: () => import("./commands/unseal.ts") },
  train: { summary: "Train a model package on labelled examples.", load: () => import("./commands/train.ts") },
  finetune: {
    summary: "Fine-tune an encoder package on labelled examples, on a GPU or a CPU.",
    load: () => import("./commands/finetune.ts"),
  },
  cascade: { summary: "Join an n-gram package and an encoder package into a cascade.", load: () => import("./commands/cascade.ts") },
  inspect: {
    summary: "Inspect examples for collapse and bias, alone or against an earlier set.",
    load: () => import("./commands/inspect.ts"),
  },
  filter: {
    summary: "Score the documents of JSONL shards and split them into kept and removed.",
    load: () => import("./commands/filter.ts"),
  },
  serve: { summary: "Serve a model package as a guardrail, with OpenAI's moderation API.", load: () => import("./commands/serve.ts") },
  eval: { summary: "Measure a model package on labelled files.", load: () => import("./commands/eval.ts") },
  sweep: { summary: "Sweep thresholds over stored scores and recommend one by a rule.", load: () => import("./commands/sweep.ts") },
  bench: { summary: "Measure what scoring and serving cost on this machine.", load: () => import("./commands/bench.ts") },
};

export async function runCli(args: string[]): Promise<number> {
  const verb = args[0] === "help" ? args[1] : args.find((arg) => !arg.startsWith("-"));
  try {
    const program = await programFor(verb);
    if (args.length === 0) return explain(program);
    await program.parseAsync(commandArgs(args, verb), { from: "user" });
    return typeof process.exitCode === "number" ? process.exitCode : 0;
  } catch (error) {
    return report(error, verb);
  }
}

/** The whole program with one verb loaded; the others stand in it by name, for help and for "did you mean". */
async function programFor(wanted: string | undefined): Promise<Command> {
  const program = new Command("cordon")
    .description("A harmful-content classifier: generate examples, train, filter shards, guard a model, sweep thresholds.")
    .usage("<verb> [options]")
    .version(packageJson.version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help")
    .helpCommand("help [verb]", "print the help of a verb")
    .exitOverride()
    .configureOutput({ outputError: () => {} }) // report() prints it
    .addHelpText("after", "\nExit codes: 0 done, 1 failed or a gate not met, 2 usage.\n\nExample:\n  cordon filter --help");
  for (const [name, { summary, load }] of Object.entries(VERBS)) {
    if (name === wanted) (await load()).register(program);
    else program.command(name).description(summary);
  }
  return program;
}

/** `help filter` is `filter --help`; of an unknown verb only the name is left, so that no flag hides the mistake. */
function commandArgs(args: string[], verb: string | undefined): string[] {
  if (verb !== undefined && !Object.hasOwn(VERBS, verb)) return [verb];
  return args[0] === "help" ? [...args.slice(1), "--help"] : args;
}

/** `cordon` alone names no verb: help, on stderr and as a usage error, so that a script that lost its arguments stops. */
function explain(program: Command): number {
  program.outputHelp({ error: true });
  return 2;
}

function report(error: unknown, verb: string | undefined): number {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return 0;
    const pointer =
      verb !== undefined && Object.hasOwn(VERBS, verb) ? `cordon ${verb} --help lists the options` : "cordon --help lists the verbs";
    say(`${error.message.replace(/^error: /, "").replace("\n(Did you mean", " (did you mean")}\n(${pointer})`);
    return 2;
  }
  if (error instanceof CordonError) {
    say(`${oneLine(error.message)} [${error.code}]`); // docs/errors.md tells of each code
    return error.exit;
  }
  if (isSystemError(error)) {
    say(oneLine(error.message));
    return 1;
  }
  say(`internal error, please report it: ${trace(error)}`);
  return 1;
}

function say(text: string): void {
  process.stderr.write(`cordon: ${text}\n`);
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}

/** The operating system's no: a disk that is full, a folder that may not be written to. Its message names the path. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "syscall" in error && "code" in error && typeof error.code === "string";
}

/** The stack of a bug. A parser's message quotes what it could not parse, which may be a document's text: left out. */
function trace(error: unknown): string {
  if (!(error instanceof Error)) return "something other than an Error was thrown";
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return [error instanceof SyntaxError ? error.name : `${error.name}: ${error.message}`, ...frames].join("\n");
}
