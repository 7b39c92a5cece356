// cordon filter: removes documents that a model package scores at or over a threshold from JSONL shards.
import { availableParallelism } from "node:os";
import { type Command, Option } from "commander";
import { COMPRESSIONS } from "#datasets/shards/compression";
import { CordonError } from "#models/errors";
import { AGGREGATES } from "#models/manifest";
import { loadPackage } from "#models/package";
import { FILTER_DEFAULTS, type FilterOptions, type FilterResult, runFilter } from "#serve/filter/run-filter";
import { addScorerOptions, type ScorerFlags, scorerOptions } from "#scripts/scorer-options";
import { integerIn, numberIn, printResult, Progress, share, table } from "#scripts/output";

const MB = 1e6;

interface FilterFlags extends Omit<FilterOptions, "maxRowBytes" | "scorer">, ScorerFlags {
  model: string;
  maxRowMb: number;
  json?: boolean;
}

export function register(program: Command): void {
  const command = program
    .command("filter")
    .description("Score the documents of JSONL shards and split them into kept and removed.")
    .requiredOption("--model <dir>", "model package")
    .requiredOption("--input <pattern...>", "shards: files, folders or quoted globs; .jsonl, .jsonl.gz, .jsonl.zst")
    .requiredOption("--out <dir>", "folder for the results; must be empty unless --resume")
    .option("--threshold <p>", "remove documents that score at least this, 0 to 1", numberIn(0, 1))
    .option("--target-recall <share>", "threshold that finds this share of harmful documents on the package's calibration set", share)
    .option("--max-removed <share>", "remove at most this share of the documents, the highest scores first (two passes)", share)
    .option("--scores-only", "write attributes and scores, and split nothing", false)
    .option("--category <label>", "label to decide by (default: the package's first)")
    .addOption(new Option("--aggregate <how>", "document score from its windows' (default: the package's)").choices(AGGREGATES))
    .option("--workers <n>", "worker threads, a shard at a time each", integerIn(1, 1024), availableParallelism())
    .option("--text-field <name>", "top-level field that holds the text", FILTER_DEFAULTS.textField)
    .option("--id-field <name>", "top-level field that holds the id", FILTER_DEFAULTS.idField)
    .option(
      "--experiment <name>",
      "folder below attributes/ and first part of the attributes' names",
      experimentName,
      FILTER_DEFAULTS.experiment,
    )
    .addOption(new Option("--compression <kind>", "of the outputs (default: as each input)").choices(COMPRESSIONS))
    .option("--zstd-level <n>", "1 to 19; -2 and below are faster and larger", integerIn(-50, 19), FILTER_DEFAULTS.zstdLevel)
    .option(
      "--max-row-mb <n>",
      "longest row in MiB; longer ones go to quarantine",
      integerIn(1, 512),
      FILTER_DEFAULTS.maxRowBytes / 2 ** 20,
    )
    .option("--all-labels", "write the attributes of every label, not of --category alone", false);
  addScorerOptions(command, "1, since each worker runs its own")
    .option("--resume", "go on with the run in --out: shards that are done are skipped", false)
    .option("--json", "print the result as JSON")
    .addHelpText(
      "after",
      `
Give one of --threshold, --target-recall, --max-removed and --scores-only.

Writes below --out: documents/ (kept) and removed/, raw copies of the rows; attributes/<experiment>/, Dolma's format,
a line for every row, spans in code points; quarantine/, rows that cannot be read, in base64; ledger/ and ledger.json,
where rows in = kept + removed + failed. A shard's files appear when it is done. Rows that cannot be read are never kept.
With --max-removed and --scores-only also scores/, as numbers (see serve/filter/stored-scores.ts).

Exit codes: 0 done, 1 a shard failed (the others are done), 2 usage.

Example:
  cordon filter --model runs/pipeline/model --input 'data/**/*.jsonl.zst' --out runs/filtered --max-removed 1%`,
    )
    .action(async (flags: FilterFlags) => {
      const { maxRowMb, precision: _p, provider: _v, threads: _t, ...options } = flags;
      if (options.zstdLevel === 0 || options.zstdLevel === -1)
        throw new CordonError("usage/bad-option", "zstd has no such level", { where: "--zstd-level", hint: "1 to 19, or -2 and below" });
      const model = await loadPackage(flags.model);
      const progress = new Progress();
      const started = performance.now();
      const result = await runFilter({ ...options, maxRowBytes: maxRowMb * 2 ** 20, scorer: scorerOptions(flags, 1) }, model, {
        progress(pass, fileBytes, totalBytes, rows, shardsDone) {
          const seconds = (performance.now() - started) / 1000;
          const percent = totalBytes === 0 ? 100 : (100 * fileBytes) / totalBytes;
          progress.update(
            `${pass}: ${percent.toFixed(0)} % of ${(totalBytes / MB).toFixed(0)} MB, ${rows} rows, ${shardsDone} shards, ${(fileBytes / MB / seconds).toFixed(0)} MB/s of files`,
          );
        },
        failed: (_, message) => process.stderr.write(`cordon: shard failed: ${message}\n`),
        stalled: (shard, seconds) => process.stderr.write(`cordon: no progress for ${seconds} s in ${shard.path}\n`),
      });
      progress.done(`filtered ${result.shards.done} shards, ${result.shards.skipped} were done before`);
      printResult(flags, result, summary(result));
      if (result.shards.failed.length > 0) process.exitCode = 1;
    });
}

function experimentName(value: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(value) && !value.includes("__")) return value;
  throw new CordonError("usage/bad-option", "an experiment's name is made of letters, digits, - and single _", { where: "--experiment" });
}

function summary({
  totals: { rows, bytes, chars, failures, inputBytes, escalated },
  shards,
  threshold,
  category,
  rule,
  out,
  seconds,
}: FilterResult): string {
  const percent = (part: number, whole: number) => (whole === 0 ? "–" : `${((100 * part) / whole).toFixed(2)} %`);
  const lines = [
    table(
      ["", "rows", "of rows", "MB", "of characters"],
      [
        ["in", String(rows.in), "", (bytes.in / MB).toFixed(1), ""],
        ["kept", String(rows.kept), percent(rows.kept, rows.in), (bytes.kept / MB).toFixed(1), percent(chars.kept, chars.in)],
        [
          "removed",
          String(rows.removed),
          percent(rows.removed, rows.in),
          (bytes.removed / MB).toFixed(1),
          percent(chars.removed, chars.in),
        ],
        ["failed", String(rows.failed), percent(rows.failed, rows.in), (bytes.failed / MB).toFixed(1), ""],
      ],
    ),
    "",
    `${rule === "scores-only" ? `${category} scored, nothing split` : `${category} >= ${threshold ?? "–"} removed (${rule})`}; ${(inputBytes / MB).toFixed(1)} MB of files in ${seconds.toFixed(1)} s; results in ${out}`,
  ];
  if (escalated !== undefined)
    lines.push(`scored by the second stage too: ${escalated} rows, ${percent(escalated, rows.in - rows.failed)}`);
  for (const [reason, count] of Object.entries(failures)) lines.push(`quarantined, ${reason}: ${count}`);
  if (shards.failed.length > 0)
    lines.push(`${shards.failed.length} of ${shards.total} shards failed: run again with --resume when they are mended`);
  return lines.join("\n");
}
