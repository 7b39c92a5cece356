// Textbook passages ("Textbooks Are All You Need", arXiv 2306.11644). Of a harmful field only what stands before the first
// section: title, readers, aims, headings. Without a language model, the same parts around several acts of one split.
import type { Candidate } from "#datasets/candidate";
import { splitOfSeed } from "#datasets/splits";
import { ask } from "./asking.ts";
import type { StrategyContext } from "./context.ts";
import { bothSides } from "./embedded.ts";
import { readForms } from "./forms.ts";
import { textbookPrompt } from "./prompts/passages.ts";
import { rowOf } from "./row.ts";
import { generatorOf, type StrategyOf } from "./sections.ts";
import { situationPassages } from "./situation-passages.ts";
import { LABELS, readFields, sideOf } from "./situations.ts";
import { seedsOfField } from "./texts.ts";

type Section = StrategyOf<"textbook">;

export async function* textbookCandidates(section: Section, context: StrategyContext): AsyncGenerator<Candidate> {
  if (generatorOf(section, 1) === undefined) return yield* embedded(section, context);
  const options = {
    name: "textbook",
    chapters: section.chapters,
    number: section.passages,
    axes: ["reader", "locale", "register"] as const,
  };
  yield* situationPassages(section, options, context, async ({ field, label, situation, drawn, generator, variant, aim }) => {
    const answer = await ask(context, generator, textbookPrompt(field, label, situation, drawn), [aim], variant);
    return answer.state === "missed" ? answer.failed : [rowOf(aim, { text: answer.value.text, asked: answer.asked })];
  });
}

async function* embedded(section: Section, context: StrategyContext): AsyncGenerator<Candidate> {
  const forms = await readForms("textbook", ["title", "readers", "aims", "section", "exercise"]);
  for (const field of await readFields(section.chapters)) {
    const acts = field.situations.filter(({ kind }) => kind === "act");
    // A chapter of harmless acts alone has passages too; a one-sided act never stands beside a pair.
    const paired = acts.filter((situation) => LABELS.every((label) => sideOf(situation, label) !== null));
    const group = paired.length > 0 ? paired : acts.filter((situation) => situation.harmless !== null);
    const bySplit = Map.groupBy(group, ({ seedId }) => splitOfSeed(seedId));
    for (const seeded of seedsOfField("textbook", field, group, section.passages, context.seed)) {
      const draw = seeded.random("others");
      const same = bySplit.get(splitOfSeed(seeded.situation.seedId))!;
      const others = Array.from({ length: draw.below(3) }, () => field.filled(draw.pick(same), draw));
      yield* bothSides(seeded, {
        name: "textbook",
        seed: context.seed,
        seedIds: others.map(({ seedId }) => seedId),
        write: (side, random, label) => {
          const sides = [side, ...others.map((other) => sideOf(other, label)!)];
          const words = random("passage");
          const lines = (list: "aims" | "section" | "exercise", least: number, spread: number) =>
            forms.some(list, least + words.below(spread), field, words, { act: words.pick(sides) });
          const parts = [
            forms.say("title", field, words, { act: side }),
            forms.say("readers", field, words, { act: side }),
            lines("aims", 1, 3).join(" "),
            ...(words.chance(0.7) ? [lines("section", 2, 3).join("\n")] : []),
            ...(words.chance(0.7) ? [lines("exercise", 1, 2).join("\n")] : []),
          ];
          return { text: parts.join("\n\n") };
        },
      });
    }
  }
}
