// The strategies that need no language model at all: the constitution's grammar, a benchmark's questions recombined, and
// passages around the terms of a described domain.
import { benchmarkExamples } from "#datasets/benchmark/passages";
import { readConstitution } from "#datasets/constitution";
import { domainExamples, readDomain } from "#datasets/domains/domain";
import type { Example } from "#datasets/example";
import { readFrames } from "#datasets/grammar/frames";
import { grammarExamples } from "#datasets/grammar/grammar";
import { readQuestions } from "#datasets/seeds/index";
import type { Question } from "#datasets/seeds/question";
import { refuseUnknown } from "./known-names.ts";
import type { StrategyContext } from "./context.ts";
import type { StrategyOf } from "./sections.ts";

/** Rows of the constitution; the topic is the chapter, on both sides. */
export async function* grammarRows(strategy: StrategyOf<"grammar">, context: StrategyContext): AsyncGenerator<Example> {
  const all = await readConstitution();
  const wanted = strategy.chapters;
  const chapters = all.filter((chapter) => wanted === undefined || wanted.includes(chapter.category));
  const options = {
    seed: context.seed,
    actVariants: strategy.act_variants,
    postVariants: strategy.post_variants,
    pages: strategy.pages,
    prose: strategy.prose,
  };
  for (const row of grammarExamples(chapters, await readFrames(), options))
    yield { ...row, topic: row.lineage!.seedIds[0]!.split("/")[0]! };
}

/** Passages of a described domain; the topic is the domain, on both sides. */
export async function* domainRows(strategy: StrategyOf<"domain">, context: StrategyContext): AsyncGenerator<Example> {
  const domain = await readDomain(strategy.domain);
  for (const row of domainExamples(domain, strategy.passages, context.seed)) yield { ...row, topic: domain.domain };
}

/** Every form of a benchmark's questions; the topic is the subject. */
export async function* benchmarkRows(strategy: StrategyOf<"benchmark">, context: StrategyContext): AsyncGenerator<Example> {
  const { harmful, harmless } = await questionsBySide(strategy, context);
  for (const [label, side] of [
    [1, harmful],
    [0, harmless],
  ] as const) {
    const topics = new Map(side.map((question) => [question.id, question.subject]));
    const own = label === 1 ? undefined : strategy.passages_per_harmless_question;
    const options = {
      seed: context.seed,
      passagesPerQuestion: own ?? strategy.passages_per_question,
      label,
      categories: label === 1 ? [...new Set(side.flatMap((q) => q.category ?? []))] : [],
      license: strategy.license,
    };
    for (const row of benchmarkExamples(side, options)) yield { ...row, topic: topics.get(row.lineage!.seedIds[0]!)! };
  }
}

/** The questions of a benchmark, those of the subjects that a recipe calls harmful apart from the others. @throws CordonError */
export async function questionsBySide(
  strategy: StrategyOf<"benchmark"> | StrategyOf<"answers">,
  { seeds }: StrategyContext,
): Promise<{ harmful: Question[]; harmless: Question[] }> {
  const questions: Question[] = [];
  for await (const question of readQuestions(strategy.format, seeds[strategy.seeds] ?? strategy.from)) questions.push(question);
  const { harmful } = strategy;
  if (harmful !== "all") refuseUnknown("subject", harmful, [...new Set(questions.map((q) => q.subject))]);
  const isHarmful = ({ subject }: Question) => harmful === "all" || harmful.includes(subject);
  return { harmful: questions.filter(isHarmful), harmless: questions.filter((q) => !isHarmful(q)) };
}
