// cordon sweep: from stored scores, what each threshold removes, what that costs, and which one a rule recommends.
//   cordon sweep --scores runs/filtered/attributes --documents 'data/*.jsonl.gz' --harmful-source microbiology \
//     --probe --max-harmless-loss 1% --out runs/sweep
import { type Command, InvalidArgumentError, Option } from "commander";
import { join } from "node:path";
import { expandGlobs } from "#datasets/files/globs";
import { writeFileAtomically } from "#datasets/files/write-file";
import { type Evaluation, evaluateSet } from "#eval/evaluate";
import { readCapabilities } from "#eval/lm-eval";
import { type Probe, probe } from "#eval/probe/probe";
import { type ReportData, renderReport } from "#eval/report/report";
import { percent, threshold as told, whole } from "#eval/report/numbers";
import { joinDocuments, type JoinedDocument, readLabels } from "#eval/sweep/documents";
import { type Unit, UNITS } from "#eval/sweep/ledger";
import { describeRule, type Rule } from "#eval/sweep/recommend";
import { readScores, scoreFiles } from "#eval/sweep/scores";
import { type Sweep, sweep, sweepCsv } from "#eval/sweep/sweep";
import { CordonError } from "#models/errors";
import { loadPackage } from "#models/package";
import { integerIn, printResult, Progress, share, table } from "#scripts/output";

export interface SweepFlags {
  scores: string[];
  attribute?: string;
  documents?: string[];
  labels?: string;
  harmfulSource?: string;
  capabilities?: string;
  probe?: boolean;
  maxHarmlessLoss?: number;
  targetRecall?: number;
  maxRemoved?: number;
  unit: Unit;
  thresholds?: number[];
  bootstrap: number;
  seed: number;
  model?: string;
  title: string;
  out: string;
  json?: boolean;
}

const EXAMPLE = `
Nothing is scored again: scores are read as \`cordon filter\` stored them. Documents scoring at or above a threshold are
removed. The rule is given beforehand; without one it is --max-harmless-loss 1%. Labels come from --labels, else from
--harmful-source, else from the documents' own "label". Capability runs lie in folders named by their threshold, DIR/0.5/
and DIR/none/ for the unfiltered corpus, each with the results_*.json of lm-evaluation-harness.

Writes to --out: sweep.json, sweep.csv (a row for each threshold and source), report.html (one file, no requests).

Examples:
  cordon sweep --scores runs/filtered/attributes --max-removed 5% --out runs/sweep
  cordon sweep --scores runs/filtered/attributes --documents 'corpus/*.jsonl.gz' --labels labels.jsonl \\
    --probe --max-harmless-loss 1% --out runs/sweep
  cordon sweep --scores runs/filtered/attributes --labels labels.csv --capabilities runs/lm-eval --target-recall 95% --out runs/sweep`;

export function register(program: Command): void {
  const rule = (flags: string, description: string, others: string[]) => new Option(flags, description).argParser(share).conflicts(others);
  program
    .command("sweep")
    .description("Sweep thresholds over stored scores and recommend one by a rule.")
    .requiredOption("--scores <path...>", "attributes files, folders or globs of them")
    .option("--attribute <name>", "the attribute to read, in full or its last part (default: the first, which decided)")
    .option("--documents <glob...>", "the scored documents, JSONL (.gz, .zst), for sources, labels and the probe's texts")
    .option("--labels <file>", "labels by id, JSONL or CSV: id, label (1 to remove, 0 to keep)")
    .option("--harmful-source <text>", "documents whose source contains this are the ones to remove, all others are harmless")
    .option("--capabilities <dir>", "results of lm-evaluation-harness in a folder a threshold")
    .option(
      "--probe",
      "train a small language model on what each threshold keeps, and report what it still knows (needs documents and labels)",
    )
    .addOption(
      rule("--max-harmless-loss <share>", "rule: the lowest threshold that removes at most this share of the harmless", [
        "targetRecall",
        "maxRemoved",
      ]),
    )
    .addOption(
      rule("--target-recall <share>", "rule: the highest threshold that removes at least this share of the harmful", [
        "maxHarmlessLoss",
        "maxRemoved",
      ]),
    )
    .addOption(
      rule("--max-removed <share>", "rule: the lowest threshold that removes at most this share of everything", [
        "maxHarmlessLoss",
        "targetRecall",
      ]),
    )
    .addOption(new Option("--unit <unit>", "what shares in rules count").choices(UNITS).default("characters"))
    .option(
      "--thresholds <list>",
      "thresholds to report, 0 to 1, comma-separated (default: round ones, and those that remove round shares)",
      thresholdList,
    )
    .option("--bootstrap <n>", "resamples for the intervals; 0 for none", integerIn(0, 100_000), 200)
    .option("--seed <n>", "seed of resampling and of the probe's held-out part", integerIn(0, 2 ** 31 - 1), 1)
    .option("--model <dir>", "the model package that scored, for the report's model card")
    .option("--title <text>", "title of the report", "What to remove, and what it costs")
    .requiredOption("--out <dir>", "folder to write to")
    .option("--json", "print JSON on stdout")
    .addHelpText("after", EXAMPLE)
    .action(async (flags: SweepFlags) => {
      const { output, text } = await runSweep(flags);
      printResult(flags, output, text);
    });
}

function thresholdList(value: string): number[] {
  const thresholds = value.split(",").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  if (!thresholds.every((t) => t >= 0 && t <= 1)) throw new InvalidArgumentError("expected numbers from 0 to 1, such as 0.1,0.5,0.9.");
  return thresholds;
}

/** Sweeps and writes sweep.json, sweep.csv and report.html to `flags.out`. @throws CordonError */
export async function runSweep(flags: SweepFlags): Promise<{ output: object; sweep: Sweep; probe: Probe | undefined; text: string }> {
  const progress = new Progress();
  // What can be refused is refused before the long part.
  const capabilities = flags.capabilities === undefined ? undefined : await readCapabilities(flags.capabilities);
  const manifest = flags.model === undefined ? undefined : (await loadPackage(flags.model)).manifest;
  if (flags.probe && !flags.documents)
    throw new CordonError("usage/bad-option", "the probe needs texts", { where: "--probe", hint: "give the --documents" });
  const labels = flags.labels === undefined ? undefined : await readLabels(flags.labels);

  progress.update("reading scores");
  const stored = await readScores(await scoreFiles(flags.scores), flags.attribute);
  progress.update("reading documents");
  const documents = await joinDocuments(stored, {
    ...(flags.documents && { documents: await expandGlobs(flags.documents) }),
    ...(labels && { labels }),
    ...(flags.harmfulSource !== undefined && { harmfulSource: flags.harmfulSource }),
    texts: flags.probe === true,
  });
  const rule = ruleOf(flags);
  const result = sweep(documents, {
    rule,
    resamples: flags.bootstrap,
    seed: flags.seed,
    ...(flags.thresholds && { thresholds: flags.thresholds }),
    // Those at which a model was measured.
    also: (capabilities ?? []).map((c) => c.threshold).filter((t) => t !== null),
  });
  if (result.recommended === null) {
    throw new CordonError("data/too-few-examples", `the rule needs labels that no document has: ${describeRule(rule)}`, {
      hint: "give --labels or --harmful-source, or choose --max-removed",
    });
  }
  progress.update("probing");
  const probed = flags.probe ? probe(documents, probeThresholds(result), { seed: flags.seed }) : undefined;
  if (probed === null)
    throw new CordonError("data/too-few-examples", "the probe needs labelled documents of both kinds", {
      where: "--probe",
      hint: "give --labels or --harmful-source",
    });
  const evaluation = evaluate(documents, result, stored.attribute, flags);

  const data: ReportData = {
    title: flags.title,
    sweep: result,
    failed: stored.failed.length,
    ...(probed && { probe: probed }),
    ...(capabilities && { capabilities }),
    ...(evaluation && { evaluation }),
    ...(manifest && { manifest }),
  };
  const output = { attribute: stored.attribute, unscored: stored.failed.length, ...result, probe: probed, capabilities, evaluation };
  await writeFileAtomically(join(flags.out, "sweep.json"), `${JSON.stringify(output, null, 2)}\n`);
  await writeFileAtomically(join(flags.out, "sweep.csv"), sweepCsv(result));
  await writeFileAtomically(join(flags.out, "report.html"), renderReport(data));
  progress.done(`${documents.length} documents swept, ${flags.out}/{sweep.json,sweep.csv,report.html} written`);
  return { output, sweep: result, probe: probed, text: describe(result, data) };
}

function ruleOf({ maxHarmlessLoss, targetRecall, maxRemoved, unit }: SweepFlags): Rule {
  if (targetRecall !== undefined) return { kind: "target-recall", limit: targetRecall, unit };
  if (maxRemoved !== undefined) return { kind: "max-removed", limit: maxRemoved, unit };
  return { kind: "max-harmless-loss", limit: maxHarmlessLoss ?? 0.01, unit };
}

/** A dozen thresholds over which the removed share runs from little to most, and the recommended one. */
function probeThresholds({ points, recommended, rule }: Sweep): number[] {
  const removed = (p: Sweep["points"][number]) => p.removed[rule.unit] ?? 0;
  const near = [0.01, 0.03, 0.06, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7].map(
    (wanted) =>
      points.reduce((best, p) => (Math.abs(removed(p) - wanted) < Math.abs(removed(best) - wanted) ? p : best), points[0]!).threshold,
  );
  return [...new Set([...near, ...(recommended ? [recommended.threshold] : [])])];
}

/** The labelled documents as one more evaluated set, at the recommended threshold. */
function evaluate(documents: JoinedDocument[], result: Sweep, attribute: string, flags: SweepFlags): Evaluation | undefined {
  if (result.labelled.harmful + result.labelled.harmless === 0) return undefined;
  const rows = documents.map(({ score, label }) => ({ score, label: label ?? (-1 as const) }));
  const set = evaluateSet(rows, { threshold: result.recommended!.threshold, resamples: flags.bootstrap, seed: flags.seed });
  return { model: flags.model ?? "", label: attribute.split("__").at(-1)!, aggregate: "stored", sets: { "scored documents": set } };
}

function describe({ recommended, rule, rule_text, documents, points }: Sweep, { failed, probe: probed }: ReportData): string {
  const { unit } = rule;
  const rec = recommended!;
  const shown = [...new Set([...points.filter((_, i) => i % Math.ceil(points.length / 12) === 0), rec.point])].sort(
    (a, b) => a.threshold - b.threshold,
  );
  const rows = shown.map((p) => [
    `${told(p.threshold)}${p === rec.point ? " *" : ""}`,
    ...[p.removed[unit], p.recall[unit], p.precision[unit], p.harmless_loss[unit]].map(percent),
    whole(p.removed_count.documents),
  ]);
  const bounds = rec.interval ? `, 95 % interval ${told(rec.interval[0])} to ${told(rec.interval[1])}` : "";
  const lines = [
    table(["threshold", "removed", "recall", "precision", "harmless lost", "documents"], rows),
    "",
    `* recommended: ${told(rec.threshold)}${bounds}`,
    `  ${rule_text}; shares are of ${unit}, ${whole(documents)} documents`,
  ];
  const at = probed?.points.find((p) => p.threshold === rec.threshold);
  const all = probed?.points.at(-1);
  if (at && all)
    lines.push(
      `  probe: ${all.filtered.hazard.toFixed(3)} → ${at.filtered.hazard.toFixed(3)} bits per byte on the removed domain, ${all.filtered.general.toFixed(3)} → ${at.filtered.general.toFixed(3)} on the rest`,
    );
  if (failed) lines.push("", `${failed} documents have no score and are in none of these numbers`);
  return lines.join("\n");
}
