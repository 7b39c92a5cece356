// The arms of the ablation: what each classifier of `cordon run ablation` is trained on, each one step from another.
import { basename, join } from "node:path";
import { benchmarkExamples } from "#datasets/benchmark/passages";
import { strategyOf } from "#datasets/candidate";
import type { Example } from "#datasets/example";
import { collect } from "#datasets/files/collect";
import { expandGlobs } from "#datasets/files/globs";
import { textId } from "#datasets/files/hash";
import { readExamples } from "#datasets/files/read-examples";
import { readQuestions } from "#datasets/seeds/index";

export interface Arm {
  /** A letter or two, by which the report names it. */
  name: string;
  what: string;
  examples: readonly Example[];
}

/** The sets of DATA/train that were written as benchmarks of harmful requests. */
const BENCHMARKS = ["advbench", "ailuminate-demo", "catqa", "cyberseceval-mitre", "do-not-answer", "harmfulqa"];

/**
 * @param synthetic the rows of recipe `guardrail`
 * @param organic unlabelled text, the same in every arm
 */
export async function guardrailArms(data: string, synthetic: readonly Example[], organic: readonly Example[]): Promise<Arm[]> {
  const real: Example[] = [];
  const benchmarks: Example[] = await mmluQuestions(data);
  for (const file of await expandGlobs([join(data, "train/*.jsonl.gz")])) {
    const rows = await collect(readExamples(file));
    real.push(...rows);
    if (BENCHMARKS.includes(basename(file, ".jsonl.gz"))) benchmarks.push(...rows);
  }
  const of = (...strategies: string[]) => synthetic.filter((row) => strategies.includes(strategyOf(row).split("/")[0]!));
  const pairs = of("grammar");
  const grammar = pairs.filter((row) => row.label === 1 || row.pair === undefined);
  const transforms = [...pairs, ...of("transform")];
  const other = new Set(transforms);
  const forms = synthetic.filter((row) => !other.has(row));
  const arm = (name: string, what: string, ...parts: (readonly Example[])[]): Arm => ({
    name,
    what,
    examples: [...parts.flat(), ...organic],
  });
  return [
    arm("a", "the benchmarks' own text", benchmarks),
    arm("b", "(a) + grammar, without the harmless twins", benchmarks, grammar),
    arm("c", "(b) + minimal pairs: the harmless twins", benchmarks, pairs),
    arm("d", "(c) + transforms with benign twins", benchmarks, transforms),
    arm("d'", "(d), as many rows as (e)", drawn([...benchmarks, ...transforms], real.length)),
    arm("e", "real data, as many rows as (d')", real),
    arm("f", "(e) + minimal pairs", real, pairs),
    arm("g", "(f) + transforms", real, transforms),
    arm("h", "(f) + the other forms: longer requests, replies, dialogues, rephrased, …", real, pairs, forms),
    arm("i", "(f) + transforms + the other forms: the guardrail", real, transforms, forms),
    arm("j", "minimal pairs alone", pairs),
    arm("k", "all that is synthetic, alone", transforms, forms),
  ];
}

/** MMLU's questions as they stand, harmless: the benchmarks of harm have no harmless side. */
async function mmluQuestions(data: string): Promise<Example[]> {
  const questions = await collect(readQuestions("mmlu", join(data, "mmlu")));
  const options = { seed: 1, passagesPerQuestion: 0, label: 0 as const, categories: [], license: "MIT" };
  return [...benchmarkExamples(questions, options)].filter((row) => strategyOf(row) === "benchmark/exam-question");
}

/** `count` of the rows, by a hash of their ids. */
function drawn(rows: readonly Example[], count: number): Example[] {
  const keyed = rows.map((row): [string, Example] => [textId(`drawn/${row.id}`), row]);
  return keyed
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .slice(0, count)
    .map(([, row]) => row);
}

/** @param synthetic the rows of recipe `filter-standin` */
export function standinArms(synthetic: readonly Example[], organic: readonly Example[]): Arm[] {
  const by = (test: (strategy: string, row: Example) => boolean) => synthetic.filter((row) => test(strategyOf(row), row));
  const questions = by((strategy) => strategy === "benchmark/exam-question");
  const recombined = by((strategy) => strategy.startsWith("benchmark/"));
  const topics = by((strategy, row) => strategy.startsWith("domain/") && row.label === 1);
  const adjacent = by((strategy, row) => strategy.startsWith("domain/") && row.label === 0);
  const arm = (name: string, what: string, ...parts: (readonly Example[])[]): Arm => ({
    name,
    what,
    examples: [...parts.flat(), ...organic],
  });
  return [
    arm("a", "the benchmark's own questions", questions),
    arm("b", "(a) + recombined passages and the description's topics", recombined, topics),
    arm("c", "(b) + the description's neighbouring fields, the look-alikes", recombined, topics, adjacent),
  ];
}
