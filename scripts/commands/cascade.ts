// cordon cascade: joins an n-gram package and an encoder package into one that escalates what the first is unsure of.
//   cordon cascade --first runs/model --second runs/encoder --data runs/examples/examples.jsonl --escalate 2% --out runs/cascade
import { type Command, Option } from "commander";
import { expandGlobs } from "#datasets/files/globs";
import { writeFileAtomically } from "#datasets/files/write-file";
import { readOrganic } from "#datasets/organic";
import { type Escalation, escalationCurve } from "#eval/escalation";
import { type Evaluation, evaluateSet } from "#eval/evaluate";
import { metric, percent } from "#eval/report/numbers";
import { renderReport } from "#eval/report/report";
import { AGGREGATES, type Aggregate } from "#models/manifest";
import { refuseForeignFolder } from "#models/output-folder";
import { loadPackage, refuseStageAsOutput, saveCascadePackage } from "#models/package";
import { MANIFEST_FILE } from "#models/package-files";
import { type CascadeResult, fitCascade } from "#train/cascade/fit-cascade";
import { checkStages } from "#train/cascade/stages";
import { TRAIN_DEFAULTS } from "#train/train-ngram";
import { CORDON_VERSION, gitRevision } from "#scripts/about";
import { escalationTable } from "#scripts/escalation";
import { printResult, Progress, share, table } from "#scripts/output";
import { addScorerOptions, type ScorerFlags, scorerOptions } from "#scripts/scorer-options";
import { parseThresholdRule, thresholdRuleText } from "#scripts/train-options";
import { addTrainingDataOptions, readTrainingData, type TrainingDataFlags } from "#scripts/training-data";

/** What `cordon cascade` takes. */
export interface CascadeRun extends ScorerFlags, TrainingDataFlags {
  first: string;
  second: string;
  escalate: number;
  traffic?: string[];
  aggregate?: Aggregate;
  thresholdRule?: string;
  name: string;
  description: string;
  out: string;
  report?: string;
  json?: boolean;
}

const HELP = `
Give the --data (and --organic) that both packages were trained with: the rows are split by the same lineages, so that the
join, the band and the thresholds are fitted on rows that neither stage was trained on, and measured on others. A text goes
to the second stage where the first one's score lies in a band; among the bands that hold at most the stated share of the
texts the one with the best average precision on the calibration rows is taken. State --traffic, texts as they will come:
shares of training data say little of them. Labels that only the second stage has are left out.

Writes to --out: first/ and second/ (both packages, whole), cordon.json, README.md (model card).

Examples:
  cordon cascade --first runs/model --second runs/encoder --data runs/examples/examples.jsonl --escalate 2% --out runs/cascade
  cordon cascade --first runs/model --second runs/encoder --data 'data/train/*.jsonl.gz' --traffic 'corpus/*.jsonl.gz' --escalate 1% --out runs/cascade --report runs/cascade.html`;

export function register(program: Command): void {
  const command = program
    .command("cascade")
    .description("Join an n-gram package and an encoder package into a cascade.")
    .requiredOption("--first <dir>", "package of n-grams, which scores every text")
    .requiredOption("--second <dir>", "package of an encoder, which scores what the first is unsure of");
  addTrainingDataOptions(command)
    .option("--escalate <share>", "share of the texts that may go to the second stage, at most, such as 0.02 or 2%", share, 0.02)
    .option("--traffic <glob...>", "texts of which --escalate is a share, JSONL {text} (.gz, .zst) (default: the calibration rows)")
    .addOption(new Option("--aggregate <how>", "document score from its windows' (default: the first package's)").choices(AGGREGATES))
    .option(
      "--threshold-rule <rule>",
      "how the threshold of the first label is chosen: fpr:0.01, recall:0.98 or a probability; categories take fpr:0.01 (default: fpr:0.01)",
      thresholdRuleText,
    );
  addScorerOptions(command, "one for each core")
    .option("--name <text>", "name of the model", "cordon-cascade")
    .option("--description <text>", "one sentence for the model card", "A harmful-content classifier in two stages, made with Cordon.")
    .requiredOption("--out <dir>", "folder of the package; an older package there is replaced")
    .option("--report <file>", "also write an HTML report of quality against cost on the held-out rows: one file, no requests")
    .option("--json", "print what was chosen and measured as JSON on stdout")
    .addHelpText("after", HELP)
    .action(async (flags: CascadeRun) => {
      const { result, text } = await cascadeInto(flags);
      printResult(flags, result, text);
    });
}

/** Joins two packages and writes the cascade, with progress on stderr. */
export async function cascadeInto(flags: CascadeRun): Promise<{ result: object; text: string }> {
  const first = await loadPackage(flags.first);
  const second = await loadPackage(flags.second);
  checkStages(first, second);
  refuseStageAsOutput(flags.out, [flags.first, flags.second]);
  await refuseForeignFolder(flags.out, MANIFEST_FILE);
  const examples = await readTrainingData(flags);
  const traffic = flags.traffic && (await expandGlobs(flags.traffic));

  const progress = new Progress();
  const fitted = await fitCascade(
    first,
    second,
    examples,
    {
      share: flags.escalate,
      aggregate: flags.aggregate ?? first.manifest.aggregate,
      thresholdRule: flags.thresholdRule === undefined ? TRAIN_DEFAULTS.thresholdRule : parseThresholdRule(flags.thresholdRule),
      scorer: scorerOptions(flags),
      ...(traffic && { traffic: textsOf(traffic) }),
    },
    { name: flags.name, description: flags.description, cordonVersion: CORDON_VERSION, gitRevision: gitRevision() },
    (text) => progress.update(text),
  );
  const manifest = await saveCascadePackage(flags.out, flags.first, flags.second, fitted.manifest);
  progress.done(`joined on ${fitted.calibrationRows} calibration rows, package in ${flags.out}`);
  for (const [stage, same] of Object.entries(fitted.sameData)) {
    if (!same)
      process.stderr.write(`cordon: the ${stage} stage was trained on other data: none of its rows may be among the calibration rows\n`);
  }
  if (fitted.band.measured === 0)
    process.stderr.write("cordon: no band was better than the first stage alone, so that nothing is escalated\n");

  const { architecture } = fitted.manifest;
  const curve = escalationCurve(fitted.heldOut, architecture);
  const escalation: Escalation = { share: flags.escalate, sets: { "held-out lineages": curve } };
  if (flags.report !== undefined) {
    const label = architecture.decides;
    const set = evaluateSet(fitted.heldOutScores, { threshold: manifest.thresholds[label]!.threshold, seed: 1 });
    const evaluation: Evaluation = {
      model: manifest.name,
      label,
      aggregate: manifest.aggregate,
      sets: { "held-out lineages": set },
      escalation,
    };
    await writeFileAtomically(flags.report, renderReport({ title: `${manifest.name}, measured`, evaluation, manifest }));
  }
  const result = {
    out: flags.out,
    name: manifest.name,
    labels: manifest.labels,
    decides: architecture.decides,
    escalate: architecture.escalate,
    band: architecture.band,
    combine: architecture.combine[architecture.decides],
    threshold: manifest.thresholds[architecture.decides],
    sameData: fitted.sameData,
    heldOut: fitted.compared,
    escalation: curve,
  };
  return { result, text: describe(fitted, escalation) };
}

async function* textsOf(files: readonly string[]): AsyncGenerator<string> {
  for await (const { text } of readOrganic(files)) yield text;
}

function describe({ manifest, compared }: CascadeResult, escalation: Escalation): string {
  const { band, decides, escalate } = manifest.architecture;
  const number = (value: number) => String(Number(value.toPrecision(4)));
  return [
    `${decides} from ${number(band.low)} to ${number(band.high)} goes to the second stage: ${percent(escalate.measured)} of ${escalate.texts} ${escalate.on} texts`,
    "",
    table(
      ["held-out lineages", "AUROC", "AP", "R@FPR 1 %"],
      Object.entries(compared).map(([name, m]) => [name, metric(m.auroc), metric(m.average_precision), metric(m.recall_at_fpr)]),
    ),
    "",
    "quality against cost, on the held-out lineages; * is the share that was asked for",
    "",
    escalationTable(escalation),
  ].join("\n");
}
