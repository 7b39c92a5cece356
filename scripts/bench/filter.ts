// cordon bench filter: documents a second and a core. Cordon goes the whole way, from compressed shards to scores and
// both halves written; fastText (Debian's `fasttext`, arXiv 1607.01759) gets its text prepared and writes scores alone.
// Whole processes, start-up included, pinned to one core, in turns, on the same documents; medians of the rounds.
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { spawnSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Example } from "#datasets/example";
import { saveNgramPackage } from "#models/package";
import { trainNgram, TRAIN_DEFAULTS } from "#train/train-ngram";
import { CORDON_VERSION, gitRevision } from "#scripts/about";
import {
  defaultCorpus,
  type Document,
  documentsOf,
  readBenchExamples,
  fastTextLine,
  readDocuments,
  writeBigShard,
  writeCorpus,
} from "#scripts/bench/filter-corpus";
import type { FilterStages } from "#scripts/bench/filter-stages";
import { canPin, median, type ProcessTimes, timeProcess } from "#scripts/bench/timed-process";
import { table } from "#scripts/output";

export interface FilterBenchOptions {
  model?: string;
  examples?: string[];
  input?: string[];
  minMb: number;
  bigMb: number;
  rounds: number;
  onProgress?: (text: string) => void;
}

interface Figures {
  /** Medians over the rounds. */
  seconds: number;
  cpuSeconds: number;
  documentsPerSecond: number;
  /** MB of what it reads, decompressed: JSONL for Cordon, lines for fastText. */
  mbPerSecond: number;
}

export interface FastTextFigures extends Figures {
  dimension: number;
  wordNgrams: number;
  /** fastText's seconds over Cordon's on the same documents, median of the rounds; of CPU seconds; and with --scores-only. */
  ratio: number;
  cpuRatio: number;
  scoresOnlyRatio: number;
}

export interface FilterBenchResult {
  corpus: { documents: number; jsonlMb: number; textMb: number; from: string };
  rounds: number;
  pinned: boolean;
  /** Scores, kept and removed rows written. */
  cordon: Figures;
  scoresOnly: Figures;
  /** Null where fasttext is not installed. */
  fasttext: FastTextFigures[] | null;
  /** Several shards, not pinned: seconds of one worker over those of two. */
  workers: { one: number; two: number; speedup: number };
  memory: { shardMb: number; longestRowMb: number; peakRssMb: number | null } | null;
  stages: FilterStages;
}

export const FASTTEXT_MISSING = "fasttext is not installed, so there is nothing to compare with: apt-get install fasttext";
const CLI = fileURLToPath(new URL("../cordon.ts", import.meta.url));
const STAGES = fileURLToPath(new URL("filter-stages.ts", import.meta.url));
const CONFIGURATIONS = [100, 10].flatMap((dimension) => [1, 2].map((wordNgrams) => ({ dimension, wordNgrams })));
/** Of the corpus, this share of documents is trained on as harmless, this much of each. */
const ORGANIC = { every: 3, characters: 600 };

export async function benchFilter(options: FilterBenchOptions): Promise<FilterBenchResult> {
  const { rounds, onProgress = () => {} } = options;
  const dir = await mkdtemp(join(tmpdir(), "cordon-bench-filter-"));
  try {
    onProgress("reading examples and documents");
    const examples = await readBenchExamples(options.examples);
    const patterns = options.input ?? defaultCorpus();
    const documents = patterns === null ? documentsOf(examples) : await readDocuments(patterns, options.minMb * 1e6);
    const corpus = writeCorpus(dir, documents, options.minMb);
    const training = [...examples, ...organic(documents)];
    const model = options.model ?? (await trainModel(join(dir, "model"), training, onProgress));
    const contenders = hasFastText() ? await trainFastText(dir, training, onProgress) : null;
    if (contenders === null) process.stderr.write(`${FASTTEXT_MISSING}\n`);

    let runs = 0;
    const cordon = async (inputs: string[], pinned: boolean, ...more: string[]): Promise<ProcessTimes> => {
      const out = join(dir, `out-${runs++}`);
      const times = await timeProcess([process.execPath, CLI, "filter", "--model", model, "--input", ...inputs, "--out", out, ...more], {
        pinned,
      });
      await rm(out, { recursive: true });
      return times;
    };
    const one = ["--workers", "1"];
    const split: ProcessTimes[] = [];
    const scored: ProcessTimes[] = [];
    const others = (contenders ?? []).map((): ProcessTimes[] => []);
    for (let round = 0; round < rounds; round++) {
      const turns: (() => Promise<void>)[] = [
        async () => void split.push(await cordon([corpus.shard], true, "--threshold", "0.5", ...one)),
        async () => void scored.push(await cordon([corpus.shard], true, "--scores-only", ...one)),
        ...(contenders ?? []).map(({ path }, i) => async () => {
          others[i]!.push(
            await timeProcess(["fasttext", "predict-prob", path, corpus.lines], { pinned: true, stdout: join(dir, "scores.txt") }),
          );
        }),
      ];
      // The order alternates, so that a machine that slows down slows all.
      for (const turn of round % 2 === 0 ? turns : turns.toReversed()) {
        onProgress(`round ${round + 1} of ${rounds}`);
        await turn();
      }
    }
    const workers: { one: number; two: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      onProgress(`two workers against one, round ${round + 1} of ${rounds}`);
      const timed = async (count: string) => (await cordon(corpus.parts, false, "--threshold", "0.5", "--workers", count)).seconds;
      workers.push({ one: await timed("1"), two: await timed("2") });
    }
    const figures = (times: readonly ProcessTimes[], mb: number): Figures => {
      const seconds = median(times.map((t) => t.seconds));
      return {
        seconds,
        cpuSeconds: median(times.map((t) => t.cpuSeconds)),
        documentsPerSecond: corpus.documents / seconds,
        mbPerSecond: mb / seconds,
      };
    };
    const ratio = (times: readonly ProcessTimes[], base: readonly ProcessTimes[], of: "seconds" | "cpuSeconds") =>
      median(times.map((t, i) => t[of] / base[i]![of]));
    return {
      corpus: { documents: corpus.documents, jsonlMb: corpus.jsonlMb, textMb: corpus.textMb, from: patterns?.join(" ") ?? "the examples" },
      rounds,
      pinned: canPin(),
      cordon: figures(split, corpus.jsonlMb),
      scoresOnly: figures(scored, corpus.jsonlMb),
      fasttext:
        contenders?.map(({ dimension, wordNgrams }, i) => ({
          dimension,
          wordNgrams,
          ...figures(others[i]!, corpus.textMb),
          ratio: ratio(others[i]!, split, "seconds"),
          cpuRatio: ratio(others[i]!, split, "cpuSeconds"),
          scoresOnlyRatio: ratio(others[i]!, scored, "seconds"),
        })) ?? null,
      workers: {
        one: median(workers.map((w) => w.one)),
        two: median(workers.map((w) => w.two)),
        speedup: median(workers.map((w) => w.one / w.two)),
      },
      memory: options.bigMb === 0 ? null : await peakMemory(dir, documents, options.bigMb, cordon, onProgress),
      stages: await stages(dir, model, corpus.shard, onProgress),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

/** The beginnings of some documents as harmless examples, so that both models know the corpus's words. */
function organic(documents: readonly Document[]): Example[] {
  return documents
    .filter((_, i) => i % ORGANIC.every === 0)
    .map(({ id, text }) => ({
      id,
      text: text.slice(0, ORGANIC.characters),
      label: 0,
      categories: [],
      unknown: [],
      lang: "en",
      synthetic: false,
      source: "organic",
    }));
}

async function trainModel(dir: string, examples: readonly Example[], onProgress: (text: string) => void): Promise<string> {
  const about = { name: "bench", description: "Trained for a benchmark.", cordonVersion: CORDON_VERSION, gitRevision: gitRevision() };
  const { model, manifest } = await trainNgram(examples, { ...TRAIN_DEFAULTS, labels: "harmful" }, about, (text) =>
    onProgress(`training: ${text}`),
  );
  await saveNgramPackage(dir, model, manifest);
  return dir;
}

function hasFastText(): boolean {
  return spawnSync("fasttext", [], { stdio: "ignore" }).error === undefined;
}

async function trainFastText(dir: string, examples: readonly Example[], onProgress: (text: string) => void) {
  const input = join(dir, "train.txt");
  await writeFile(input, `${examples.map(({ text, label }) => `__label__${label} ${fastTextLine(text)}`).join("\n")}\n`);
  const models = [];
  for (const { dimension, wordNgrams } of CONFIGURATIONS) {
    onProgress(`training fastText, dimension ${dimension}, word ${wordNgrams}-grams`);
    const path = join(dir, `fasttext-${dimension}-${wordNgrams}`);
    await timeProcess([
      "fasttext",
      "supervised",
      "-input",
      input,
      "-output",
      path,
      "-dim",
      String(dimension),
      "-wordNgrams",
      String(wordNgrams),
      "-thread",
      "2",
    ]);
    await rm(`${path}.vec`, { force: true });
    models.push({ dimension, wordNgrams, path: `${path}.bin` });
  }
  return models;
}

async function peakMemory(
  dir: string,
  documents: readonly Document[],
  mb: number,
  cordon: (inputs: string[], pinned: boolean, ...more: string[]) => Promise<ProcessTimes>,
  onProgress: (text: string) => void,
): Promise<FilterBenchResult["memory"]> {
  onProgress(`memory on a shard of ${mb} MB`);
  const path = join(dir, "big.jsonl.zst");
  writeBigShard(path, documents, mb);
  const { peakRssMb } = await cordon([path], false, "--threshold", "0.5", "--workers", "1");
  return { shardMb: mb, longestRowMb: 50, peakRssMb };
}

async function stages(dir: string, model: string, shard: string, onProgress: (text: string) => void): Promise<FilterStages> {
  onProgress("stage by stage");
  const stdout = join(dir, "stages.json");
  await timeProcess([process.execPath, STAGES, model, shard, join(dir, "scratch")], { pinned: true, stdout });
  return JSON.parse(readFileSync(stdout, "utf8")) as FilterStages;
}

export function describeFilterBench({
  corpus,
  cordon,
  scoresOnly,
  fasttext,
  workers,
  memory,
  stages: parts,
  rounds,
  pinned,
}: FilterBenchResult): string {
  const cells = (f: Figures) => [f.seconds.toFixed(2), f.cpuSeconds.toFixed(2), f.documentsPerSecond.toFixed(0), f.mbPerSecond.toFixed(1)];
  const rows = [
    ["cordon filter --workers 1", ...cells(cordon), "", "", ""],
    ["cordon filter --workers 1 --scores-only", ...cells(scoresOnly), "", "", ""],
    ...(fasttext ?? []).map((f) => {
      const ratios = [f.ratio, f.cpuRatio, f.scoresOnlyRatio].map((ratio) => ratio.toFixed(2));
      return [`fastText, dimension ${f.dimension}, word ${f.wordNgrams}-grams, scores only`, ...cells(f), ...ratios];
    }),
  ];
  const share = (ns: number) => `${ns.toFixed(2)} (${((100 * ns) / parts.total).toFixed(0)} %)`;
  const stageRows = (["decompress", "lines", "scan", "score", "write", "compress"] as const).map((name) => [name, share(parts[name])]);
  return [
    table(
      [
        `${corpus.documents} documents, ${corpus.jsonlMb.toFixed(0)} MB`,
        "s",
        "CPU s",
        "documents/s",
        "MB/s",
        "s / Cordon's",
        "CPU s / Cordon's",
        "s / scores only",
      ],
      rows,
    ),
    fasttext === null
      ? FASTTEXT_MISSING
      : `medians of ${rounds} rounds in turns, ${pinned ? "each pinned to core 0" : "not pinned: taskset is missing"}`,
    "",
    `two workers: ${workers.two.toFixed(2)} s, one: ${workers.one.toFixed(2)} s, ${workers.speedup.toFixed(2)} times as fast`,
    ...(memory === null
      ? []
      : [
          `peak memory on a shard of ${memory.shardMb} MB with a row of ${memory.longestRowMb} MB: ${memory.peakRssMb?.toFixed(0) ?? "–"} MB`,
        ]),
    "",
    table(["stage", "CPU ns a byte"], [...stageRows, ["total", parts.total.toFixed(2)]]),
  ].join("\n");
}
