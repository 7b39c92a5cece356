// cordon inspect: the diseases of synthetic data, measured: less and less said, the same again, groups tied to a label.
//   cordon inspect runs/new/examples.jsonl --against runs/old/examples.jsonl
import type { Command } from "commander";
import { readFile } from "node:fs/promises";
import type { Example } from "#datasets/example";
import { labelledFiles } from "#datasets/labelled-files";
import type { ColumnMapping } from "#datasets/seeds/generic";
import { writeFileAtomically } from "#datasets/files/write-file";
import { splitOf } from "#datasets/splits";
import { readIdentities } from "#eval/bias/identity-terms";
import { modelBias } from "#eval/bias/model-bias";
import {
  ALARM_DEFAULTS,
  ALARM_NAMES,
  ALARM_RULES,
  type AlarmName,
  type AlarmThresholds,
  alarms,
  tellAlarm,
} from "#eval/generations/alarms";
import { type Baseline, parseBaseline } from "#eval/generations/baseline";
import { inspect, type Inspection, INSPECTION_DEFAULTS, type InspectionSettings } from "#eval/generations/inspection";
import { renderInspection } from "#eval/report/inspection-page";
import { setNames } from "#eval/set-name";
import { CordonError } from "#models/errors";
import { COLUMNS_HELP, columnMapping, DATA_HELP, SkippedRows } from "#scripts/data-options";
import { describeInspection } from "#scripts/inspection-text";
import { packageJudge, trainJudge } from "#scripts/judge";
import { integerIn, numberIn, printResult, Progress } from "#scripts/output";

interface InspectFlags extends Partial<Record<`max${string}` | `min${string}`, unknown>> {
  against?: string[];
  baseline?: string;
  columns?: ColumnMapping;
  model?: string | false;
  eval?: string[];
  rows: number;
  tokens: number;
  draws: number;
  duplicateRows: number;
  seed: number;
  report?: string;
  json?: boolean;
}

const EXAMPLE = `
DATA is ${DATA_HELP}.
Figures are of samples of --rows rows, cut to --tokens tokens; intervals are 95 %. Shares are 0 to 1. An alarm exits with 1
and names its figure and its threshold; those marked * need --against or --baseline.

Examples:
  cordon inspect runs/examples/examples.jsonl --json > baseline.json
  cordon inspect runs/new/examples.jsonl --baseline baseline.json --min-diversity 0.9
  cordon inspect runs/new/examples.jsonl --against runs/old/examples.jsonl --report runs/inspection.html`;

/** Alarms that the error names; all are in the result. */
const MOST_TOLD = 8;

/** The flag of an alarm's threshold: --max-near-duplicates, --min-survival. */
const flagOf = (name: AlarmName) => `${ALARM_RULES[name].side === "above" ? "max" : "min"}-${name}`;

export function register(program: Command): void {
  const d = INSPECTION_DEFAULTS;
  const command = program
    .command("inspect")
    .description("Inspect examples for collapse and bias, alone or against an earlier set.")
    .argument("<data...>", "labelled examples")
    .option("--against <ref...>", "the earlier set, such as generation 0")
    .option("--baseline <file>", "the JSON of an earlier inspection, in the place of --against; it has no rare n-grams")
    .option("--columns <map>", COLUMNS_HELP, columnMapping)
    .option("--model <dir>", "package whose bias is measured (default: one trained on what DATA does not hold out)")
    .option("--no-model", "measure no model")
    .option("--eval <ref...>", "labelled examples on which the model's bias is measured (default: DATA's test split)")
    .option("--rows <n>", "rows of a sample; cells with fewer have no figures", integerIn(10, 2000), d.rows)
    .option("--tokens <n>", "tokens of a row that are looked at; shorter rows are left out", integerIn(4, 10_000), d.tokens)
    .option("--draws <n>", "samples that a figure is the mean of", integerIn(1, 1000), d.draws)
    .option("--duplicate-rows <n>", "rows of a label among which near duplicates are looked for", integerIn(2, 100_000), d.duplicate_rows);
  for (const name of ALARM_NAMES) {
    const { of, against, kind } = ALARM_RULES[name];
    command.option(`--${flagOf(name)} <x>`, `alarm, ${kind}${against ? "*" : ""}: ${of}`, numberIn(0, 1e9), ALARM_DEFAULTS[name]);
  }
  command
    .option("--seed <n>", "seed of the samples", integerIn(0, 2 ** 31 - 1), d.seed)
    .option("--report <file>", "also write an HTML report: one file, no requests")
    .option("--json", "print JSON on stdout")
    .addHelpText("after", EXAMPLE)
    .action(run);
}

async function run(data: string[], flags: InspectFlags): Promise<void> {
  if (flags.against && flags.baseline !== undefined) {
    throw new CordonError("usage/bad-option", "there can be one earlier set", { where: "--against, --baseline" });
  }
  const settings: InspectionSettings = {
    rows: flags.rows,
    tokens: flags.tokens,
    draws: flags.draws,
    duplicate_rows: flags.duplicateRows,
    seed: flags.seed,
    topics: true,
  };
  const stored = flags.baseline === undefined ? null : await readBaseline(flags.baseline, settings);
  const rows = await read(data, flags.columns);
  const before = flags.against ? await read(flags.against, flags.columns) : null;
  const identities = await readIdentities();
  const progress = new Progress();
  const say = (text: string) => progress.update(text);
  const now = inspect(rows, before && { rows: before, heldOut: held(before) }, identities, settings, say);
  const then = before && inspect(before, null, identities, settings, say);
  if (flags.model !== false) now.model = await biasOf(rows, before, identities, flags, say).catch(orWithoutModel);
  progress.done(`${rows.length} examples inspected`);

  const rung = alarms(now, then ?? stored, thresholds(flags));
  const result = { ...now, against: then, alarms: rung };
  if (flags.report !== undefined) {
    await writeFileAtomically(
      flags.report,
      renderInspection({ title: setNames(data).join(", "), now, before: then ?? stored, alarms: rung }),
    );
  }
  printResult(flags, result, describeInspection(now, then ?? stored, rung));
  if (rung.length > 0) {
    const told = rung.slice(0, MOST_TOLD).map(tellAlarm);
    if (rung.length > MOST_TOLD) told.push(`and ${rung.length - MOST_TOLD} more`);
    throw new CordonError("inspect/alarm", rung.length === 1 ? "an alarm rings" : `${rung.length} alarms ring`, { where: told.join("; ") });
  }
}

async function read(references: readonly string[], columns: ColumnMapping | undefined): Promise<Example[]> {
  const rows: Example[] = [];
  const skipped = new SkippedRows();
  for (const file of await labelledFiles(references, columns)) for await (const row of file.read(skipped.of(file.path))) rows.push(row);
  skipped.report();
  if (rows.length === 0) throw new CordonError("data/too-few-examples", "there is no example", { where: references.join(", ") });
  return rows;
}

async function readBaseline(path: string, settings: InspectionSettings): Promise<Baseline> {
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new CordonError("usage/missing-file", "the baseline cannot be read", { where: path, cause });
  });
  return parseBaseline(text, path, settings);
}

function held(rows: readonly Example[]): Example[] {
  return rows.filter((row) => splitOf(row) === "test");
}

/** Both models are measured on the same rows: those of --eval, else the test split of DATA, else that of the earlier set. */
async function biasOf(
  rows: readonly Example[],
  before: readonly Example[] | null,
  identities: Awaited<ReturnType<typeof readIdentities>>,
  flags: InspectFlags,
  say: (text: string) => void,
): Promise<Inspection["model"]> {
  const own = held(rows);
  const measured = flags.eval ? await read(flags.eval, flags.columns) : own.length > 0 || before === null ? own : held(before);
  say("training the model");
  const now = typeof flags.model === "string" ? await packageJudge(flags.model) : await trainJudge(rows, "trained on this set", flags.seed);
  const then = before && typeof flags.model !== "string" ? await trainJudge(before, "trained on the earlier set", flags.seed) : null;
  say("the model's bias");
  return modelBias(measured, identities, now, then);
}

/** Everything else can be measured on rows of one label too. */
function orWithoutModel(error: unknown): never {
  if (!(error instanceof CordonError) || error.code !== "data/too-few-examples") throw error;
  throw new CordonError(error.code, `${error.message}, or say --no-model`, { cause: error });
}

function thresholds(flags: InspectFlags): AlarmThresholds {
  const camel = (flag: string) => flag.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase()) as `max${string}`;
  return Object.fromEntries(ALARM_NAMES.map((name) => [name, flags[camel(flagOf(name))]])) as AlarmThresholds;
}
