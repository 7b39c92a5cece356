// cordon bench: what Cordon costs on this machine, beside the nearest thing that people use today. The benchmarks
// themselves are in scripts/bench/.
import type { Command } from "commander";
import { availableParallelism, cpus } from "node:os";
import { integerIn, printResult, Progress, table } from "#scripts/output";
import type { FilterBenchOptions } from "#scripts/bench/filter";

interface Json {
  json?: boolean;
}

const FILTER_HELP = `
Cordon reads .jsonl.zst and writes scores and both halves of the documents; fastText, at dimension 100 and 10, with and
without word pairs, reads the same documents as lower-cased, split lines and writes scores alone. Each is a process
pinned to one core, in turns; medians. Then: two workers against one, peak memory on one big shard that holds a row of
50 MB, and where a worker's time goes.

Examples:
  cordon bench filter
  cordon bench filter --model runs/pipeline/model --input 'data/*.jsonl.zst' --rounds 5 --json`;

export function register(program: Command): void {
  const bench = program.command("bench").description("Measure what scoring and serving cost on this machine.");
  bench.addHelpText("after", "\nExample:\n  cordon bench filter --rounds 3");

  bench
    .command("filter")
    .description("Documents a second and a core, against fastText.")
    .option("--model <dir>", "model package (default: trained here on the examples)")
    .option("--examples <glob...>", "labelled examples that fastText and the model are trained on (default: ../shared/data/train, else the embedded recipe's)")
    .option("--input <pattern...>", "shards to filter (default: ../shared/data/corpus, else the examples' texts)")
    .option("--min-mb <n>", "the documents are repeated up to this many MB of JSONL", integerIn(1, 100_000), 200)
    .option("--big-mb <n>", "MB of the shard that peak memory is measured on; 0 to leave it out", integerIn(0, 100_000), 1000)
    .option("--rounds <n>", "runs of each", integerIn(1, 100), 3)
    .option("--json", "print the result as JSON")
    .addHelpText("after", FILTER_HELP)
    .action(async (flags: FilterBenchOptions & Json) => {
      const { benchFilter, describeFilterBench } = await import("#scripts/bench/filter");
      await measured(flags, (onProgress) => benchFilter({ ...flags, onProgress }), describeFilterBench);
    });

  bench
    .command("serve")
    .description("Requests a second of the guardrail, against an empty HTTP route.")
    .requiredOption("--model <dir>", "model package")
    .option("--seconds <n>", "measured seconds of a round", integerIn(1, 600), 4)
    .option("--rounds <n>", "rounds of each server", integerIn(1, 100), 5)
    .option("--connections <n>", "open connections", integerIn(1, 1000), 50)
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  cordon bench serve --model runs/pipeline/model --rounds 3")
    .action(async (flags: { model: string; seconds: number; rounds: number; connections: number } & Json) => {
      const { benchServe } = await import("#scripts/bench/serve");
      await measured(flags, (onProgress) => benchServe({ ...flags, onProgress }), (r) => {
        const row = (name: string, f: typeof r.guard) => [name, f.requestsPerSecond.toFixed(0), f.p50.toFixed(1), f.p99.toFixed(1), f.cpuMicroseconds?.toFixed(0) ?? "–"];
        const head = ["", "requests/s", "p50 ms", "p99 ms", "CPU µs/request"];
        return `${table(head, [row("guardrail", r.guard), row("empty route", r.empty)])}\n\nguardrail / empty route: ${r.ratio.toFixed(2)}; of CPU time: ${r.cpuRatio?.toFixed(2) ?? "–"}`;
      });
    });

  bench
    .command("train")
    .description("Seconds to train, against fastText.")
    .option("--rounds <n>", "runs of each", integerIn(1, 100), 3)
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  cordon bench train --rounds 3")
    .action(async (flags: { rounds: number } & Json) => {
      const { benchTrain } = await import("#scripts/bench/train");
      await measured(flags, (onProgress) => benchTrain({ ...flags, onProgress }), (r) => {
        const rows = [["Cordon", r.cordon.toFixed(2)], ["fastText", r.fasttext.toFixed(2)]];
        return `${table(["", "seconds"], rows)}\n\n${r.examples} examples; fastText / Cordon: ${r.ratio.toFixed(2)}`;
      });
    });
}

/** Runs a benchmark with progress on stderr and prints its result with the machine it ran on. */
async function measured<R extends object>(flags: Json, run: (onProgress: (text: string) => void) => Promise<R>, describe: (result: R) => string): Promise<void> {
  const progress = new Progress();
  const result = await run((text) => progress.update(text));
  progress.done("measured");
  const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism(), node: process.version };
  printResult(flags, { machine, ...result }, `${describe(result)}\n${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`);
}
