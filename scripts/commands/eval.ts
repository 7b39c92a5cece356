// cordon eval: measures a model package on labelled files, and holds it to a gate.
//   cordon eval --model runs/m --data 'data/dev/*.jsonl.gz' --reference-benign instructions-harmless
import { type Command, Option } from "commander";
import { readFile } from "node:fs/promises";
import { TRANSFORM_NAMES } from "#datasets/transforms/table";
import { type TransformOptions, transformExamples, transformOptions } from "#datasets/transforms/twins";
import { type LabelledFile, labelledFiles } from "#datasets/labelled-files";
import type { ColumnMapping } from "#datasets/seeds/generic";
import { writeFileAtomically } from "#datasets/files/write-file";
import type { Example } from "#datasets/example";
import { type Identity, MentionFinder, readIdentities } from "#eval/bias/identity-terms";
import { isTold, subgroups } from "#eval/bias/subgroups";
import { evaluateSet, type Evaluation, type ScoredRow, type SetEvaluation } from "#eval/evaluate";
import { boundsOf, checkGate, type GateResult, gateFileSchema, parseBound } from "#eval/gate";
import type { Escalation } from "#eval/escalation";
import { thresholdFlagging } from "#eval/metrics/threshold";
import { RESAMPLES } from "#eval/metrics/bootstrap";
import { metric } from "#eval/report/numbers";
import { renderReport } from "#eval/report/report";
import { scoreExamples } from "#eval/score-examples";
import { setNames } from "#eval/set-name";
import { CordonError } from "#models/errors";
import { AGGREGATES, type Aggregate } from "#models/manifest";
import { loadPackage } from "#models/package";
import { openScorer } from "#models/scorer";
import { isCategoryId } from "#models/taxonomy";
import { COLUMNS_HELP, columnMapping, DATA_HELP, SkippedRows } from "#scripts/data-options";
import { cascadeOf, escalationTable, measureEscalation } from "#scripts/escalation";
import { subgroupSummary, subgroupTable } from "#scripts/inspection-text";
import { addScorerOptions, type ScorerFlags, scorerOptions } from "#scripts/scorer-options";
import { integerIn, printResult, Progress, share, table } from "#scripts/output";

interface EvalFlags extends ScorerFlags {
  disguise?: string[];
  uncover?: boolean;
  model: string;
  data: string[];
  columns?: ColumnMapping;
  category?: string;
  aggregate?: Aggregate;
  referenceBenign?: string;
  referenceShare: number;
  bootstrap: number;
  seed: number;
  subgroups?: boolean;
  escalationCurve?: boolean;
  gate?: string;
  min?: string[];
  report?: string;
  json?: boolean;
}

const EXAMPLE = `
Each set is named after its file, without extensions. Shares are 0 to 1; intervals are 95 % bootstrap intervals.

Examples:
  cordon eval --model runs/pipeline/model --data 'data/dev/*.jsonl.gz' --reference-benign instructions-harmless
  cordon eval --model runs/pipeline/model --data data/dev/olid.jsonl.gz --min 'olid.auroc>=0.7' --min 'olid.fpr<=0.05'
  cordon eval --model runs/pipeline/model --data 'data/dev/*.jsonl.gz' --category hate --json
  cordon eval --model runs/pipeline/model --data data/dev/bias-madlibs.jsonl.gz --subgroups --min 'bias-madlibs.subgroups.worst_below_mean>=-0.05'
  cordon eval --model runs/cascade --data 'data/dev/*.jsonl.gz' --escalation-curve --report runs/cascade.html
  cordon eval --model runs/pipeline/model --data xstest:xstest_prompts.csv 'hatecheck:hf:Paul/hatecheck:test' --json`;

export function register(program: Command): void {
  const command = program
    .command("eval")
    .description("Measure a model package on labelled files.")
    .requiredOption("--model <dir>", "the model package")
    .requiredOption("--data <ref...>", DATA_HELP)
    .option("--columns <map>", COLUMNS_HELP, columnMapping)
    .option(
      "--category <label>",
      "measure this label against the examples' category of that name (default: the model's first label against harmful / harmless)",
    )
    .addOption(
      new Option("--aggregate <how>", "how the scores of a document's windows become one (default: the package's)").choices(AGGREGATES),
    )
    .option(
      "--reference-benign <name|file>",
      "also report recall and false positive rate at the threshold that flags --reference-share of this benign set",
    )
    .option("--reference-share <share>", "share of the reference set to flag", share, 0.01)
    .option("--bootstrap <n>", "resamples for the intervals; 0 for none", integerIn(0, 100_000), RESAMPLES)
    .option("--seed <n>", "seed of the resampling", integerIn(0, 2 ** 31 - 1), 1)
    .option("--subgroups", "also measure errors by the groups that texts name: subgroup, BPSN and BNSP AUC, gaps of error rates")
    .option(
      "--escalation-curve",
      "of a cascade, also quality against cost: the scores and milliseconds of a text where more and more of them go to the second stage; scores every row with both",
    )
    .option("--disguise <name...>", "measure disguised copies of the rows instead, by these transforms or families (docs/transforms.md)")
    .option("--uncover", "undo disguises before scoring, as cordon serve does");
  addScorerOptions(command, "one for each core")
    .option("--gate <file>", 'JSON bounds, {"SET": {"METRIC": {"min": X, "max": X}}}; exit code 1 when one is not met')
    .option(
      "--min <bound>",
      "a bound, NAME.metric>=X or NAME.metric<=X; repeatable; exit code 1 when it is not met",
      (value, all: string[] | undefined) => [...(all ?? []), value],
    )
    .option("--report <file>", "also write an HTML report: one file, no requests")
    .option("--json", "print JSON on stdout")
    .addHelpText("after", EXAMPLE)
    .action(run);
}

async function run(flags: EvalFlags): Promise<void> {
  const { manifest, model } = await loadPackage(flags.model);
  const scorer = await openScorer(model, scorerOptions(flags));
  const label = flags.category ?? scorer.labels[0]!;
  if (!scorer.labels.includes(label)) {
    throw new CordonError("model/no-such-label", `the model has no label "${label}"`, {
      where: flags.model,
      hint: `its labels are ${scorer.labels.join(", ")}`,
    });
  }
  const aggregate = flags.aggregate ?? manifest.aggregate;
  const cascade = flags.escalationCurve ? cascadeOf(model, flags.model) : undefined;
  const category = flags.category !== undefined && isCategoryId(label);
  const files = await labelledFiles(flags.data, flags.columns);
  const names = setNames(files.map((file) => file.path));
  const gate = await readBounds(flags, names);
  const disguise = flags.disguise && disguiseOptions(flags.disguise, flags.seed);

  const progress = new Progress();
  let rows = 0;
  const skipped = new SkippedRows();
  const identities = flags.subgroups ? await readIdentities() : [];
  const score = (file: LabelledFile, kind = category, groups: string[][] = []) =>
    scoreExamples(namingGroups(disguised(file.read(skipped.of(file.path)), disguise), identities, groups), scorer, {
      label,
      category: kind,
      aggregate,
      uncover: flags.uncover ?? false,
      onRow: () => progress.update(`${++rows} examples scored`),
    });
  const scored = new Map<string, ScoredRow[]>();
  const groups = new Map(names.map((name): [string, string[][]] => [name, []]));
  for (const [i, file] of files.entries()) scored.set(names[i]!, await score(file, category, groups.get(names[i]!)));

  const reference = await referencePoint(flags, scored, score);
  const threshold = manifest.thresholds[label]?.threshold ?? 0.5;
  const sets: Record<string, SetEvaluation> = {};
  for (const [name, set] of scored) {
    progress.update(`${name}: intervals`);
    sets[name] = evaluateSet(set, { threshold, resamples: flags.bootstrap, seed: flags.seed, ...(reference && { reference }) });
    if (!flags.subgroups) continue;
    const known = set.flatMap(({ score: p, label: y }, i) => (y === -1 ? [] : [{ score: p, label: y, groups: groups.get(name)![i]! }]));
    sets[name].subgroups = subgroups(known, identities, threshold, { resamples: flags.bootstrap, seed: flags.seed });
  }
  let escalation: Escalation | undefined;
  if (cascade !== undefined) {
    const options = { label, category, aggregate, escalateBy: manifest.aggregate, uncover: flags.uncover ?? false };
    let both = 0;
    const onRow = () => progress.update(`${++both} examples scored with both stages`);
    const examples = files.map((file, i) => [names[i]!, disguised(file.read(), disguise)] as const);
    escalation = await measureEscalation(cascade, examples, { ...options, onRow }, scorerOptions(flags));
  }
  progress.done(`${rows} examples of ${files.length} sets scored`);
  skipped.report();

  const results = checkGate(sets, gate);
  const evaluation: Evaluation = { model: manifest.name, label, aggregate, sets, ...(escalation && { escalation }) };
  if (flags.report !== undefined)
    await writeFileAtomically(flags.report, renderReport({ title: `${manifest.name}, measured`, evaluation, manifest }));
  printResult(flags, results.length > 0 ? { ...evaluation, gate: results } : evaluation, describe(evaluation, results));
  const missed = results.filter((r) => !r.met);
  if (missed.length > 0) {
    throw new CordonError("gate/not-met", `${missed.length} of ${results.length} bounds of the gate are not met`, {
      where: missed.map(told).join("; "),
    });
  }
}

/** @throws CordonError for a name that no transform or family has */
function disguiseOptions(names: readonly string[], seed: number): TransformOptions {
  const parsed = transformOptions.safeParse({ transforms: names, share: 1 });
  if (parsed.success) return { ...parsed.data, seed };
  throw new CordonError("usage/bad-option", "no such transform", { where: "--disguise", hint: `there are ${TRANSFORM_NAMES.join(", ")}` });
}

/** Disguised copies, a harmful and a harmless row under each disguise; without options the rows as they are. */
function disguised(examples: AsyncIterable<Example>, options: TransformOptions | undefined): AsyncIterable<Example> {
  return options === undefined ? examples : transformExamples(examples, options);
}

/** The examples as they are, noting of each which groups it names. */
async function* namingGroups(examples: AsyncIterable<Example>, identities: readonly Identity[], into: string[][]): AsyncGenerator<Example> {
  const finder = new MentionFinder(identities);
  for await (const example of examples) {
    into.push(finder.groupsNamed(example.text));
    yield example;
  }
}

async function readBounds(flags: EvalFlags, names: string[]) {
  const bounds = (flags.min ?? []).map((text) => parseBound(text, names));
  if (flags.gate === undefined) return bounds;
  let text: string;
  try {
    text = await readFile(flags.gate, "utf8");
  } catch (cause) {
    throw new CordonError("usage/missing-file", "the gate cannot be read", { where: flags.gate, cause });
  }
  try {
    return [...boundsOf(gateFileSchema.parse(JSON.parse(text))), ...bounds];
  } catch (cause) {
    throw new CordonError("usage/bad-option", "not a gate", {
      where: flags.gate,
      hint: 'write {"SET": {"METRIC": {"min": X, "max": X}}}',
      cause,
    });
  }
}

/** The threshold that flags a set share of the benign rows of the reference set, which may be one of those evaluated. */
async function referencePoint(
  flags: EvalFlags,
  scored: Map<string, ScoredRow[]>,
  score: (file: LabelledFile, category: boolean) => Promise<ScoredRow[]>,
) {
  if (flags.referenceBenign === undefined) return undefined;
  const evaluated = scored.get(flags.referenceBenign);
  const rows = evaluated ?? (await score((await labelledFiles([flags.referenceBenign]))[0]!, false));
  const name = evaluated ? flags.referenceBenign : setNames([flags.referenceBenign])[0]!;
  const benign = rows.filter((row) => row.label === 0).map((row) => row.score);
  if (benign.length === 0) {
    throw new CordonError("data/too-few-examples", "the reference set has no benign example", { where: flags.referenceBenign });
  }
  return { name, share: flags.referenceShare, threshold: thresholdFlagging(benign, flags.referenceShare) };
}

const told = (r: GateResult) =>
  `${r.set}.${r.metric} ${r.relation} ${r.limit}, got ${r.value === null ? "undefined" : Number(r.value.toPrecision(4))}`;

function describe({ model, label, aggregate, sets, escalation }: Evaluation, gate: GateResult[]): string {
  const entries = Object.entries(sets);
  const reference = entries[0]?.[1].at_reference;
  const header = ["set", "n", "positive", "AUROC", "95 %", "AP", "R@FPR 1 %", "P@R 95 %", "Brier", "ECE", "flagged", "recall", "FPR"];
  if (reference) header.push("recall*", "FPR*");
  const cascade = entries.some(([, set]) => set.escalated !== undefined);
  if (cascade) header.push("escalated");
  const rows = entries.map(([name, set]) => {
    const interval = set.intervals["auroc"];
    return [
      name,
      String(set.n),
      String(set.positives),
      metric(set.auroc),
      interval ? `${metric(interval[0])}–${metric(interval[1])}` : "–",
      ...[
        set.average_precision,
        set.recall_at_fpr["0.01"],
        set.precision_at_recall["0.95"],
        set.brier,
        set.ece,
        set.flagged,
        set.recall,
        set.fpr,
      ].map(metric),
      ...(reference ? [metric(set.at_reference?.recall), metric(set.at_reference?.fpr)] : []),
      ...(cascade ? [metric(set.escalated)] : []),
    ];
  });
  const threshold = entries[0]?.[1].threshold;
  const lines = [
    `${model}: label ${label}, ${aggregate} over windows, flagged at ${threshold === undefined ? "–" : Number(threshold.toPrecision(6))}`,
    "",
    table(header, rows),
  ];
  if (reference)
    lines.push("", `* at ${Number(reference.threshold.toPrecision(6))}, which flags ${reference.share * 100} % of ${reference.name}`);
  if (escalation) lines.push("", "quality against cost, mean over the sets; * is the package's own share", "", escalationTable(escalation));
  const masked = entries.reduce((sum, [, set]) => sum + set.masked, 0);
  if (masked > 0) lines.push("", `${masked} rows whose target is unknown were left out`);
  for (const [name, set] of entries) if (set.undefined_because) lines.push(`– in ${name}: ${set.undefined_because}`);
  for (const [name, set] of entries) {
    const named = set.subgroups?.groups.filter(isTold) ?? [];
    if (set.subgroups) lines.push("", `groups named in ${name}, the worst first; ${subgroupSummary(set.subgroups)}`);
    if (named.length > 0) lines.push("", subgroupTable(named));
  }
  if (gate.length > 0) lines.push("", ...gate.map((r) => `${r.met ? "met    " : "NOT MET"} ${told(r)}`));
  return lines.join("\n");
}
