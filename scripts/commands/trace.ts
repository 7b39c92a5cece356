// cordon trace: where a row comes from, and what a seed became.
//   cordon trace g-0f3a9c --data runs/examples
import type { Command } from "commander";
import { type RowTrace, type SeedTrace, type TracedRow, trace } from "#datasets/provenance/trace";
import { tracedFiles } from "#datasets/provenance/traced-files";
import { printResult, table } from "#scripts/output";

interface TraceFlags {
  data: string[];
  showText?: boolean;
  json?: boolean;
}

/** Ids that a person reads; --json has all. */
const SHOWN = 20;

const HELP = `
ID is the id of a row or of a seed, or the beginning of one that no other shares. Of a row it tells its seeds, its parents
and theirs, and the operations that made each, with version, seed, model and the hash of the prompt; the recipe's hash, the split,
the gates passed, or the gate that dropped it and why. Of a seed, all rows that grew from it, kept and dropped. Texts are not shown
unless --show-text asks for them, harmful ones included. Exit 1 where no row and no seed has the id.

Examples:
  cordon trace g-0f3a9c --data runs/examples
  cordon trace cyber/act/ab12cd34ef --data runs/examples --json
  CORDON_SEAL_KEY_FILE=seal.key cordon trace g-0f3a9c --data runs/examples/examples.jsonl.sealed --show-text`;

export function register(program: Command): void {
  program
    .command("trace")
    .description("Trace a row to its seeds, or a seed to its rows.")
    .argument("<id>", "id of a row or a seed, or its beginning")
    .requiredOption("--data <dir|file...>", "folders of cordon generate, or JSONL files of examples and drops (.gz, .zst, .sealed)")
    .option("--show-text", "PRINT THE TEXTS too (default: ids and counts)")
    .option("--json", "print JSON on stdout, with every row")
    .addHelpText("after", HELP)
    .action(async (id: string, flags: TraceFlags) => {
      const result = await trace(id, await tracedFiles(flags.data), { text: flags.showText ?? false });
      printResult(flags, result, result.kind === "row" ? describeRow(result) : describeSeed(result));
    });
}

function describeRow({ rows }: RowTrace): string {
  return rows.map((row, i) => `${i === 0 ? "row" : "ancestor"} ${row.id}\n${fields(row)}`).join("\n\n");
}

function fields(row: TracedRow): string {
  if (row.state === "absent") return "  not in this data";
  const lines: [string, string | undefined][] =
    row.state === "dropped"
      ? [
          ["dropped by", `${row.gate}: ${row.reason}${row.of === undefined ? "" : ` (${row.of})`}`],
          ["made by", row.strategy],
          ["label", row.label === undefined ? undefined : String(row.label)],
          ["topic", row.topic],
          ["seeds", row.seedIds.join(", ")],
          ["gates passed", row.passed.join(", ")],
        ]
      : [
          ["label", `${row.label}${row.categories.length > 0 ? `, ${row.categories.join(", ")}` : ""}`],
          ["topic", row.topic],
          ["split", row.split],
          ["source", row.source],
          ["licence", row.license],
          ["recipe", row.lineage?.recipe],
          ["pair", row.pair],
          ["seeds", row.lineage?.seedIds.join(", ")],
          ["parents", row.lineage?.parents.join(", ")],
          ...(row.lineage?.ops ?? []).map((op): [string, string] => ["operation", operation(op)]),
          ["gates passed", row.passed.join(", ")],
          // As JSON, so that no character of it reaches the terminal's own language.
          ["text", row.text === undefined ? undefined : JSON.stringify(row.text)],
        ];
  return lines
    .filter(([, value]) => value)
    .map(([name, value]) => `  ${name.padEnd(13)} ${value}`)
    .join("\n");
}

function operation({
  name,
  version,
  seed,
  model,
  promptSha256,
  params,
}: NonNullable<Extract<TracedRow, { state: "kept" }>["lineage"]>["ops"][number]): string {
  const parts = [
    `${name} v${version}`,
    seed === undefined ? "" : `seed ${seed}`,
    model === undefined ? "" : `model ${model}`,
    promptSha256 === undefined ? "" : `prompt ${promptSha256}`,
    params === undefined ? "" : JSON.stringify(params),
  ];
  return parts.filter((part) => part !== "").join(", ");
}

function describeSeed({ id, kept, dropped, counts }: SeedTrace): string {
  const cells = counts.map(({ strategy, label, kept, dropped }) => [
    strategy,
    label === null ? "–" : String(label),
    String(kept),
    String(dropped),
  ]);
  const rows = kept.map((row) => [
    row.id,
    row.strategy,
    String(row.label),
    row.split ?? "–",
    ...(row.text === undefined ? [] : [JSON.stringify(row.text)]),
  ]);
  const drops = dropped.map((drop) => [drop.id, drop.strategy ?? "–", `${drop.gate}: ${drop.reason}`]);
  return [
    `seed ${id}: ${kept.length} rows kept, ${dropped.length} dropped`,
    table(["strategy", "label", "kept", "dropped"], cells),
    ...some("kept", rows),
    ...some("dropped", drops),
  ].join("\n\n");
}

function some(title: string, rows: string[][]): string[] {
  if (rows.length === 0) return [];
  const more = rows.length > SHOWN ? `\n… and ${rows.length - SHOWN} more (--json has all)` : "";
  return [
    `${title}\n${rows
      .slice(0, SHOWN)
      .map((row) => `  ${row.join("  ")}`)
      .join("\n")}${more}`,
  ];
}
