// cordon bench: what Cordon costs on this machine, beside the nearest thing that people use today. The benchmarks
// themselves are in scripts/bench/.
import { Argument, type Command, Option } from "commander";
import { availableParallelism, cpus } from "node:os";
import { CordonError } from "#models/errors";
import { integerIn, printResult, Progress, table } from "#scripts/output";

const BENCHMARKS = ["filter", "serve", "train", "encoder", "finetune"] as const;
const SHAPE_NAMES = ["toy", "mini", "minilm", "base"] as const;

interface BenchFlags {
  model?: string;
  examples?: string[];
  input?: string[];
  minMb: number;
  bigMb: number;
  seconds: number;
  connections: number;
  rounds: number;
  threads: number;
  texts: number;
  backend: "auto" | "tensorflow" | "webgpu" | "wasm";
  shape: (typeof SHAPE_NAMES)[number];
  python?: string;
  json?: boolean;
}

const HELP = `
Benchmarks, each with its rounds in turns and medians over them:
  filter  documents a second on one core. Cordon reads .jsonl.zst and writes scores and both halves of the documents;
          fastText, at dimension 100 and 10, with and without word pairs, reads the same documents as lower-cased, split
          lines and writes scores alone. Then two workers against one, peak memory on one big shard that holds a row of
          50 MB, and where a worker's time goes. Minutes; needs the program fasttext for the comparison.
  serve   requests a second of the guardrail, against an empty HTTP route on the same core. Needs --model.
  train   seconds to train on the embedded recipe's examples, against fastText
  encoder scoring with an encoder of MiniLM's shape: int8 against fp32, end to end against the graph alone on batches without
          padding, batches by length against the order of arrival, and what tokenising takes
  finetune
          tokens a second of training steps on a back end, as a share of its matrix peak, and beside PyTorch with --python

Examples:
  cordon bench filter
  cordon bench filter --model runs/pipeline/model --input 'data/*.jsonl.zst' --rounds 5 --json
  cordon bench serve --model runs/pipeline/model
  cordon bench encoder --threads 1
  cordon bench finetune --backend wasm --shape mini --python python3`;

export function register(program: Command): void {
  program
    .command("bench")
    .description("Measure what scoring and serving cost on this machine.")
    .addArgument(new Argument("<benchmark>", "what to measure").choices(BENCHMARKS))
    .option("--model <dir>", "model package (filter's default: trained on the examples)")
    .option("--rounds <n>", "runs of each contender", integerIn(1, 100), 3)
    .option("--examples <glob...>", "filter, encoder: labelled examples (default: ../shared/data/train, else the embedded recipe's)")
    .option("--input <pattern...>", "filter, encoder: shards (default: ../shared/data/corpus, else the examples' texts)")
    .option(
      "--min-mb <n>",
      "filter: MB of JSONL that the documents are repeated up to, so that start-up counts little",
      integerIn(1, 100_000),
      400,
    )
    .option("--big-mb <n>", "filter: MB of the shard that peak memory is measured on; 0 to leave it out", integerIn(0, 100_000), 1000)
    .option("--seconds <n>", "serve: measured seconds of a round", integerIn(1, 600), 4)
    .option("--connections <n>", "serve: open connections", integerIn(1, 1000), 50)
    .option("--threads <n>", "encoder: threads of one run of the graph", integerIn(1, 1024), 1)
    .option("--texts <n>", "encoder: prompts and posts, and a tenth as many documents", integerIn(10, 1_000_000), 1000)
    .addOption(
      new Option("--backend <name>", "finetune: what TensorFlow.js computes with")
        .choices(["auto", "tensorflow", "webgpu", "wasm"])
        .default("auto"),
    )
    .addOption(new Option("--shape <name>", "finetune: size of the network and of the batch").choices(SHAPE_NAMES).default("mini"))
    .option("--python <program>", "finetune: a Python that has torch, to compare with")
    .option("--json", "print the result as JSON on stdout")
    .addHelpText("after", HELP)
    .action(async (benchmark: (typeof BENCHMARKS)[number], flags: BenchFlags) => {
      const progress = new Progress();
      const { result, text } = await RUN[benchmark](flags, (line) => progress.update(line));
      progress.done(`measured ${benchmark}`);
      const machine = { cpu: cpus()[0]?.model ?? "unknown", cores: availableParallelism(), node: process.version };
      printResult(flags, { machine, ...result }, `${text}\n${machine.cpu}, ${machine.cores} cores, Node ${machine.node}`);
    });
}

type Run = (flags: BenchFlags, onProgress: (text: string) => void) => Promise<{ result: object; text: string }>;

const RUN: Record<(typeof BENCHMARKS)[number], Run> = {
  async filter(flags, onProgress) {
    const { benchFilter, describeFilterBench } = await import("#scripts/bench/filter");
    const result = await benchFilter({ ...flags, onProgress });
    return { result, text: describeFilterBench(result) };
  },

  async serve({ model, seconds, connections, rounds }, onProgress) {
    if (model === undefined)
      throw new CordonError("usage/bad-option", "no model package to serve", { where: "--model", hint: "make one with `cordon run`" });
    const { benchServe } = await import("#scripts/bench/serve");
    const result = await benchServe({ model, seconds, connections, rounds, onProgress });
    const row = (name: string, f: typeof result.guard) => [
      name,
      f.requestsPerSecond.toFixed(0),
      f.p50.toFixed(1),
      f.p99.toFixed(1),
      f.cpuMicroseconds?.toFixed(0) ?? "–",
    ];
    const rows = table(
      ["", "requests/s", "p50 ms", "p99 ms", "CPU µs/request"],
      [row("guardrail", result.guard), row("empty route", result.empty)],
    );
    return {
      result,
      text: `${rows}\n\nguardrail / empty route: ${result.ratio.toFixed(2)}; of CPU time: ${result.cpuRatio?.toFixed(2) ?? "–"}`,
    };
  },

  async train({ rounds }, onProgress) {
    const { benchTrain } = await import("#scripts/bench/train");
    const result = await benchTrain({ rounds, onProgress });
    const rows = table(
      ["", "seconds"],
      [
        ["Cordon", result.cordon.toFixed(2)],
        ["fastText", result.fasttext.toFixed(2)],
      ],
    );
    return { result, text: `${rows}\n\n${result.examples} examples; fastText / Cordon: ${result.ratio.toFixed(2)}` };
  },

  async encoder({ input, examples, texts, threads, rounds }, onProgress) {
    const { benchEncoder } = await import("#scripts/bench/encoder");
    const { benchTexts } = await import("#scripts/bench/encoder-texts");
    const result = await benchEncoder({ sets: await benchTexts(texts, input, examples), threads, rounds, onProgress });
    const rows = Object.entries(result.sets).map(([name, set]) => [
      name,
      String(set.tokens),
      set.textsPerSecond.toFixed(1),
      set.endToEnd.toFixed(2),
      set.bucketing.toFixed(2),
      set.tokenising.toFixed(3),
    ]);
    const header = ["set", "tokens", "texts/s", "graph / whole", "arrival / by length", "tokenising"];
    const { fp32, int8 } = result.milliseconds;
    return {
      result,
      text: `fp32 / int8: ${result.int8.toFixed(2)} (${fp32.toFixed(1)} and ${int8.toFixed(1)} ms), ${threads} threads\n\n${table(header, rows)}`,
    };
  },

  async finetune({ backend, shape, rounds, python }, onProgress) {
    const { benchFinetune } = await import("#scripts/bench/finetune");
    const result = await benchFinetune({ backend, shape, rounds, python: python ?? null, onProgress });
    const lines = [
      `${result.backend}, ${result.device}${result.software ? " (emulated: its speed says nothing)" : ""}`,
      `${result.tokensPerSecond.toFixed(0)} tokens/s, ${result.gflops.toFixed(1)} of ${result.peakGflops.toFixed(1)} GFLOP/s: ${(100 * result.shareOfPeak).toFixed(0)} % of the matrix peak`,
    ];
    const { torch } = result;
    if (torch !== null)
      lines.push(
        `${torch.version}, ${torch.device}: ${torch.tokensPerSecond.toFixed(0)} tokens/s; PyTorch's time / Cordon's: ${torch.ratio.toFixed(2)}`,
      );
    return { result, text: lines.join("\n") };
  },
};
