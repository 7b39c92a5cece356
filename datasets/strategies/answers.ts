// Benchmark answers: each question as a passage, by the generator of its side. The harmless side's model refuses what it
// should, the harmful side's does not; what either declines is counted in its cell.
import type { Candidate } from "#datasets/candidate";
import type { Question } from "#datasets/seeds/question";
import { Random } from "#models/random";
import { ask, runUnits, type Unit } from "./asking.ts";
import type { StrategyContext } from "./context.ts";
import { questionsBySide } from "./given.ts";
import { answersPrompt } from "./prompts/answers.ts";
import { drawAxes, readAxes } from "./prompts/axes.ts";
import { type Aim, rowOf } from "./row.ts";
import { generatorOf, type StrategyOf } from "./sections.ts";
import { LABELS } from "./situations.ts";

export async function* answersCandidates(section: StrategyOf<"answers">, context: StrategyContext): AsyncGenerator<Candidate> {
  const axes = await readAxes();
  const sides = await questionsBySide(section, context);
  function* units(): Generator<Unit> {
    for (const label of LABELS) {
      const generator = generatorOf(section, label)!;
      for (const question of limited(label === 1 ? sides.harmful : sides.harmless, section, context.seed)) {
        for (let variant = 0; variant < section.per_question; variant++) {
          const drawn = drawAxes(axes, ["genre", "reader", "register"], new Random(context.seed, `answers/${question.id}/${variant}`));
          const prompt = answersPrompt(question, label, drawn);
          const aim: Aim = {
            name: prompt.name,
            topic: question.subject,
            label,
            categories: label === 1 && question.category !== undefined ? [question.category] : [],
            unknown: label === 1 ? ["*"] : [],
            seedIds: [question.id],
            license: section.license!,
            seed: context.seed,
            params: { ...drawn, generator, variant },
          };
          yield async () => {
            const answer = await ask(context, generator, prompt, [aim], variant);
            return answer.state === "missed" ? answer.failed : [rowOf(aim, { text: answer.value.text, asked: answer.asked })];
          };
        }
      }
    }
  }
  yield* runUnits(units(), context);
}

function limited(questions: readonly Question[], { limit, seeds }: StrategyOf<"answers">, seed: number): readonly Question[] {
  if (limit === undefined || limit >= questions.length) return questions;
  return new Random(seed, `answers/${seeds}/limit`).shuffle([...questions]).slice(0, limit);
}
