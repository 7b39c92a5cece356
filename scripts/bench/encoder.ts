// cordon bench encoder: what scoring with an encoder costs, against the limits that it can reach on the same machine in the same run:
// int8 against fp32; end to end (tokenise, cut, batch, score) against nothing but the graph on batches without padding; batches by
// length against batches in the order of arrival; and the tokeniser alone. Speed hangs on shapes and not on what was learned, so a
// network of MiniLM's shape (6 layers of 384, 12 heads) with random weights stands for a trained one; its vocabulary is the texts' own.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { arrivalBatches, type Batch, packBatches, padRows } from "#models/encoder/batches";
import { type BertConfig, parseEncoderConfig } from "#models/encoder/config";
import { EncoderScorer } from "#models/encoder/encoder-scorer";
import { wordPieceJson } from "#models/encoder/fixture-tokenizer";
import { encoderOnnx } from "#models/encoder/onnx/encoder-onnx";
import { ATTENTION_MASK, INPUT_IDS } from "#models/encoder/onnx/network-graph";
import { openTokenizer } from "#models/encoder/open-tokenizer";
import { SyncSession } from "#models/encoder/session";
import { expectedTensors } from "#models/encoder/tensor-names";
import { type Tensors, elements } from "#models/encoder/tensors";
import type { EncoderTokenizer } from "#models/encoder/tokenizer";
import { cutWindows, windowCapacity, windowIds } from "#models/encoder/windows";
import type { EncoderArchitecture } from "#models/manifest";
import { saveEncoderPackage } from "#models/package";
import { Random } from "#models/random";
import { median } from "./timed-process.ts";

/** Words of the made vocabulary, as many as BERT's. */
const VOCABULARY = 30_000;
const MAX_TOKENS = 256;
const LABELS = ["harmful"];
/** A full batch for the comparison of precisions, (rows, tokens). */
const PACKED = { rows: 8, length: 128 };
/** Padded tokens in a batch, as the scorer has it on a CPU. */
const BUDGET = 1024;

export interface EncoderBenchOptions {
  /** Texts by the name of their set; each is measured by itself. */
  sets: ReadonlyMap<string, readonly string[]>;
  /** Threads of one run of the graph. */
  threads: number;
  rounds: number;
  onProgress: (text: string) => void;
}

export interface SetSpeed {
  texts: number;
  tokens: number;
  /** Texts a second, end to end in int8. */
  textsPerSecond: number;
  /** Time of the graph alone on batches without padding over that of the whole, 0 to 1; median of the rounds' ratios. */
  endToEnd: number;
  /** Time in order of arrival over time in batches by length. */
  bucketing: number;
  /** Share of the whole time that tokenising takes. */
  tokenising: number;
}

export interface EncoderBenchResult {
  threads: number;
  rounds: number;
  /** Time of fp32 over that of int8, on full batches; median of the rounds' ratios. */
  int8: number;
  milliseconds: { fp32: number; int8: number };
  sets: Record<string, SetSpeed>;
}

export async function benchEncoder({ sets, threads, rounds, onProgress }: EncoderBenchOptions): Promise<EncoderBenchResult> {
  const dir = await mkdtemp(join(tmpdir(), "cordon-bench-encoder-"));
  try {
    onProgress("making a network of MiniLM's shape");
    const { architecture, folder } = await writeNetwork(join(dir, "package"), [...sets.values()].flat());
    const open = (precision: "fp32" | "int8") =>
      SyncSession.open(join(folder, "onnx", precision === "fp32" ? "model.onnx" : "model_quantized.onnx"), { threads }, ["probabilities"]);
    const [fp32, int8] = [open("fp32"), open("int8")];
    const precisions = comparePrecisions(fp32, int8, rounds, onProgress);
    const tokenizer = openTokenizer(folder);
    const scorer = new EncoderScorer({ kind: "encoder", dir: folder, labels: LABELS, architecture }, { precision: "int8", threads });
    const measured: Record<string, SetSpeed> = {};
    for (const [name, texts] of sets) {
      const report = (round: number) => onProgress(`${name}, round ${round + 1} of ${rounds}`);
      measured[name] = measureSet(texts, { tokenizer, scorer, session: int8, rounds, report });
    }
    scorer.close();
    fp32.close();
    int8.close();
    return { threads, rounds, ...precisions, sets: measured };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function comparePrecisions(fp32: SyncSession, int8: SyncSession, rounds: number, onProgress: (text: string) => void) {
  const { rows, length } = PACKED;
  const random = new Random(1, "bench encoder");
  const windows = Array.from({ length: rows }, () => Int32Array.from({ length }, () => random.below(VOCABULARY)));
  const feeds = (session: SyncSession) => feedsOf(session, windows, { rows: Int32Array.from(windows.keys()), length }, 0);
  const times: { fp32: number; int8: number }[] = [];
  for (let round = 0; round <= rounds; round++) {
    onProgress(`int8 against fp32, round ${round} of ${rounds}`);
    const [full, small] = [feeds(fp32), feeds(int8)];
    const time = { fp32: seconds(() => repeat(4, () => fp32.run(full))), int8: seconds(() => repeat(4, () => int8.run(small))) };
    if (round > 0) times.push(time); // the first warms up
  }
  return {
    int8: median(times.map((t) => t.fp32 / t.int8)),
    milliseconds: { fp32: median(times.map((t) => t.fp32)) * 250, int8: median(times.map((t) => t.int8)) * 250 },
  };
}

interface SetTools {
  tokenizer: EncoderTokenizer;
  scorer: EncoderScorer;
  session: SyncSession;
  rounds: number;
  report: (round: number) => void;
}

function measureSet(texts: readonly string[], { tokenizer, scorer, session, rounds, report }: SetTools): SetSpeed {
  const windows = windowsOf(texts, tokenizer);
  const lengths = windows.map((window) => window.length);
  const limits = { budget: BUDGET, maxLength: MAX_TOKENS };
  const byLength = packBatches(lengths, limits);
  const run = (batches: readonly Batch[], of: readonly Int32Array[]) =>
    batches.map((batch) => feedsOf(session, of, batch, tokenizer.padId)).map((feeds) => () => session.run(feeds));
  const dense = withoutPadding(windows, byLength);
  const contenders = {
    whole: [() => scorer.scoreTexts(texts)],
    packed: run(dense.batches, dense.rows),
    byLength: run(byLength, windows),
    arrival: run(arrivalBatches(lengths, limits), windows),
    // A new one each time, since it remembers words.
    tokenising: [() => windowsOf(texts, tokenizer)],
  };
  const times: Record<keyof typeof contenders, number>[] = [];
  for (let round = 0; round < rounds; round++) {
    report(round);
    const time = (name: keyof typeof contenders) => seconds(() => contenders[name].forEach((work) => work()));
    times.push({
      whole: time("whole"),
      packed: time("packed"),
      byLength: time("byLength"),
      arrival: time("arrival"),
      tokenising: time("tokenising"),
    });
  }
  const ratio = (of: (t: (typeof times)[number]) => number) => median(times.map(of));
  return {
    texts: texts.length,
    tokens: lengths.reduce((sum, n) => sum + n, 0),
    textsPerSecond: texts.length / median(times.map((t) => t.whole)),
    endToEnd: ratio((t) => t.packed / t.whole),
    bucketing: ratio((t) => t.arrival / t.byLength),
    tokenising: ratio((t) => t.tokenising / t.whole),
  };
}

function windowsOf(texts: readonly string[], tokenizer: EncoderTokenizer): Int32Array[] {
  const capacity = windowCapacity(tokenizer, MAX_TOKENS);
  return texts.flatMap((text) => {
    const encoded = tokenizer.encode(text);
    return cutWindows(encoded.ids.length, capacity).map((window) => windowIds(encoded, window, tokenizer));
  });
}

/** The same tokens in rows that are full: of each batch its tokens alone, cut into rows of the length that it was padded to. */
function withoutPadding(windows: readonly Int32Array[], batches: readonly Batch[]): { rows: Int32Array[]; batches: Batch[] } {
  const rows: Int32Array[] = [];
  const full: Batch[] = [];
  let left: number[] = [];
  for (const batch of batches) {
    const tokens = [...left, ...[...batch.rows].flatMap((row) => [...windows[row]!])];
    const count = Math.floor(tokens.length / batch.length);
    left = tokens.slice(count * batch.length);
    if (count === 0) continue;
    full.push({ rows: Int32Array.from({ length: count }, (_, i) => rows.length + i), length: batch.length });
    for (let i = 0; i < count; i++) rows.push(Int32Array.from(tokens.slice(i * batch.length, (i + 1) * batch.length)));
  }
  return { rows, batches: full };
}

function feedsOf(session: SyncSession, windows: readonly Int32Array[], { rows, length }: Batch, padId: number) {
  const { ids, mask } = padRows(
    [...rows].map((row) => windows[row]!),
    length,
    padId,
  );
  const dims = [rows.length, length];
  return {
    [INPUT_IDS]: session.int64(BigInt64Array.from(ids, BigInt), dims),
    [ATTENTION_MASK]: session.int64(BigInt64Array.from(mask, BigInt), dims),
  };
}

async function writeNetwork(folder: string, texts: readonly string[]): Promise<{ folder: string; architecture: EncoderArchitecture }> {
  const counts = new Map<string, number>();
  for (const text of texts) for (const [word] of text.toLowerCase().matchAll(/\p{L}+/gu)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const frequent = [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).map(([word]) => word);
  const tokenizer = wordPieceJson(frequent.slice(0, VOCABULARY));
  const config = parseEncoderConfig(
    {
      model_type: "bert",
      vocab_size: VOCABULARY + 1000,
      hidden_size: 384,
      num_hidden_layers: 6,
      num_attention_heads: 12,
      intermediate_size: 1536,
      max_position_embeddings: 512,
      classifier_pooling: "mean",
    },
    "the benchmark's network",
  ) as BertConfig;
  const random = new Random(1, "bench encoder weights");
  const tensors: Tensors = new Map();
  for (const [name, shape] of expectedTensors(config, LABELS.length)) {
    const norm = /norm\.weight$/i.test(name);
    tensors.set(name, { shape, data: Float32Array.from({ length: elements(shape) }, () => (norm ? 1 : (random.next() - 0.5) * 0.07)) });
  }
  const graph = (precision: "fp32" | "int8") => encoderOnnx(config, tensors, LABELS, { precision });
  const architecture: EncoderArchitecture = {
    kind: "encoder",
    config,
    maxTokens: MAX_TOKENS,
    tokenizer: "tokenizer.json",
    rules: {},
    precisions: { fp32: {}, int8: {} },
    default: "int8",
  };
  await saveEncoderPackage(
    folder,
    {
      tensors,
      tokenizer: new Map([["tokenizer.json", JSON.stringify(tokenizer)]]),
      graphs: { fp32: graph("fp32"), int8: graph("int8") },
    },
    {
      cordonVersion: "0.0.0",
      name: "bench-encoder",
      description: "Random weights of MiniLM's shape.",
      architecture,
      labels: LABELS,
      aggregate: "max",
      thresholds: {},
      operatingPoints: {},
      calibration: {},
      training: { dataSha256: "0".repeat(64), examples: 0, positives: {}, gitRevision: "none", seed: 1, options: {} },
      heldOut: {},
    },
  );
  return { folder, architecture };
}

function repeat(times: number, work: () => void): void {
  for (let i = 0; i < times; i++) work();
}

function seconds(work: () => void): number {
  const started = performance.now();
  work();
  return (performance.now() - started) / 1000;
}
