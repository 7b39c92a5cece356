// cordon bench train: time to train on the same examples, Cordon's binary n-gram model against fastText's defaults
// (Debian's `fasttext`), each as a whole process on one core.
import { spawnSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { readExamples } from "#datasets/files/read-examples";
import { generateInto } from "#datasets/generate/generate";
import { readRecipe } from "#datasets/recipe";
import { CORDON_VERSION, gitRevision } from "#scripts/about";
import { CordonError } from "#models/errors";

export interface TrainBenchResult {
  examples: number;
  rounds: number;
  /** Median seconds of the whole process: reading, features, fit, calibration, package written. */
  cordon: number;
  /** Median seconds of `fasttext supervised` at its defaults on the same texts, already lower-cased and split. */
  fasttext: number;
  /** fastText's time over Cordon's: above 1 Cordon is faster. Median of the rounds' ratios. */
  ratio: number;
}

const CLI = fileURLToPath(new URL("../cordon.ts", import.meta.url));

/** Alternates the two for `rounds` rounds. @throws CordonError where fasttext is missing */
export async function benchTrain({
  rounds = 3,
  onProgress = () => {},
}: { rounds?: number; onProgress?: (text: string) => void } = {}): Promise<TrainBenchResult> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-bench-train-"));
  try {
    const recipe = await readRecipe("embedded");
    await generateInto(join(folder, "examples"), recipe, { seeds: {}, cordonVersion: CORDON_VERSION, gitRevision: gitRevision() });
    const examples = join(folder, "examples", "examples.jsonl");
    const lines: string[] = [];
    for await (const { text, label } of readExamples(examples)) {
      const words = text.toLowerCase().match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? [];
      lines.push(`__label__${label ? "harmful" : "harmless"} ${words.join(" ")}`);
    }
    const input = join(folder, "train.txt");
    await writeFile(input, `${lines.join("\n")}\n`);

    const times: { cordon: number; fasttext: number }[] = [];
    for (let round = 0; round < rounds; round++) {
      onProgress(`training, round ${round + 1} of ${rounds}`);
      times.push({
        cordon: timed(process.execPath, [CLI, "train", "--data", examples, "--labels", "harmful", "--out", join(folder, "model")]),
        fasttext: timed("fasttext", ["supervised", "-input", input, "-output", join(folder, "fasttext"), "-thread", "1"]),
      });
    }
    return {
      examples: lines.length,
      rounds,
      cordon: median(times.map((t) => t.cordon)),
      fasttext: median(times.map((t) => t.fasttext)),
      ratio: median(times.map((t) => t.fasttext / t.cordon)),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Seconds of a process on core 0. */
function timed(command: string, args: readonly string[]): number {
  const started = performance.now();
  const { status, error } = spawnSync("taskset", ["-c", "0", command, ...args], { stdio: "ignore" });
  if (error || status !== 0) {
    throw new CordonError("usage/missing-file", `${command} did not run`, {
      where: error?.message ?? `exit code ${status}`,
      hint: "the benchmark needs taskset and fasttext: apt-get install util-linux fasttext",
    });
  }
  return (performance.now() - started) / 1000;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
