// cordon export: examples in the format of another tool.
//   cordon export runs/examples/examples.jsonl --format promptfoo --out tests.yaml
import { type Command, Option } from "commander";
import type { Example } from "#datasets/example";
import { EXPORT_FORMATS, type ExportSummary, exportRows } from "#datasets/exports/export";
import { type LabelledFile, labelledFiles } from "#datasets/labelled-files";
import type { ColumnMapping } from "#datasets/seeds/generic";
import { COLUMNS_HELP, columnMapping, DATA_HELP, SkippedRows } from "#scripts/data-options";
import { packageJudge } from "#scripts/judge";
import { Progress, printResult, table } from "#scripts/output";

interface ExportFlags {
  format: string;
  out: string;
  columns?: ColumnMapping;
  includeHarmful?: boolean;
  judge?: string;
  json?: boolean;
}

const HELP = `
Formats:
${EXPORT_FORMATS.map(({ name, describe }) => `  ${name.padEnd(14)} ${describe}`).join("\n")}

Harmful rows are left out by default; the formats ${EXPORT_FORMATS.filter((f) => f.harmful === "needed")
  .map((f) => f.name)
  .join(", ")} are made of them and ask for
--include-harmful. Every row that a format cannot hold is counted with its reason. The output may end in .gz, .zst and
.sealed. FORMAT:FILE reads again what --format wrote; jsonl and parquet need no name, sft and dpo are only written.

Examples:
  cordon export runs/examples/examples.jsonl --format parquet --out examples.parquet
  cordon export runs/replies/examples.jsonl --format dpo --include-harmful --judge runs/model --out preferences.jsonl.sealed
  cordon export xstest:xstest_prompts.csv --format promptfoo --include-harmful --out tests.yaml --json`;

export function register(program: Command): void {
  program
    .command("export")
    .description("Export examples in the format of another tool.")
    .argument("<data...>", DATA_HELP)
    .addOption(new Option("--format <name>", "what to write").choices(EXPORT_FORMATS.map((f) => f.name)).default("jsonl"))
    .requiredOption("--out <file>", "file to write; none is replaced")
    .option("--columns <map>", COLUMNS_HELP, columnMapping)
    .option("--include-harmful", "also write the harmful rows, in the clear unless --out ends in .sealed")
    .option(
      "--judge <dir>",
      "model package: of dpo and gretel, keep the pairs whose harmful reply it finds the more harmful (default: keep all)",
    )
    .option("--json", "print the counts as JSON on stdout")
    .addHelpText("after", HELP)
    .action(async (data: string[], flags: ExportFlags) => {
      const format = EXPORT_FORMATS.find(({ name }) => name === flags.format)!;
      const files = await labelledFiles(data, flags.columns);
      const skipped = new SkippedRows();
      const progress = new Progress();
      const summary = await exportRows(rowsOf(files, skipped, progress), format, flags.out, {
        includeHarmful: flags.includeHarmful ?? false,
        judge: flags.judge === undefined ? undefined : (await packageJudge(flags.judge)).score,
      });
      progress.done(`${summary.records} records in ${flags.out}`);
      skipped.report();
      printResult(flags, summary, describe(summary));
    });
}

async function* rowsOf(files: readonly LabelledFile[], skipped: SkippedRows, progress: Progress): AsyncGenerator<Example> {
  let rows = 0;
  for (const file of files) {
    for await (const row of file.read(skipped.of(file.path))) {
      progress.update(`${++rows} examples read`);
      yield row;
    }
  }
}

function describe({ format, records, rows, leftOut, sha256 }: ExportSummary): string {
  const reasons = Object.entries(leftOut).map(([reason, count]) => [reason, String(count)]);
  const counts = table(["rows", "count"], [[`written as ${format}`, String(rows)], ...reasons]);
  return `${counts}\n\n${records} records, SHA-256 ${sha256}`;
}
