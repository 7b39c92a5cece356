// Conversations of several turns: the harm may come late, in pieces or after a question. The label is that of the whole.
// Without a language model, turns put together around an act, the assistant's alike on both sides.
import type { Candidate } from "#datasets/candidate";
import { exchange, renderTurns } from "#datasets/conversation";
import type { Turn } from "#datasets/example";
import { drawStyle } from "#datasets/grammar/style";
import type { Random } from "#models/random";
import { ask } from "./asking.ts";
import type { StrategyContext } from "./context.ts";
import { bothSides } from "./embedded.ts";
import { type Forms, readForms } from "./forms.ts";
import { COURSES, dialoguePrompt } from "./prompts/passages.ts";
import { rowOf } from "./row.ts";
import { generatorOf, type StrategyOf } from "./sections.ts";
import { situationPassages } from "./situation-passages.ts";
import { type Field, readFields } from "./situations.ts";
import { seedsOfField } from "./texts.ts";

type Section = StrategyOf<"dialogue">;

export async function* dialogueCandidates(section: Section, context: StrategyContext): AsyncGenerator<Candidate> {
  if (generatorOf(section, 1) === undefined) return yield* embedded(section, context);
  const options = {
    name: "dialogue",
    chapters: section.chapters,
    number: section.dialogues,
    axes: ["persona", "register", "locale", "moment"] as const,
    longest: 80,
  };
  yield* situationPassages(section, options, context, async ({ field, label, situation, drawn, random, generator, variant, aim }) => {
    const about = { course: random.pick(COURSES), exchanges: 1 + random.below(4) };
    const aimed = { ...aim, params: { ...aim.params, ...about } };
    const answer = await ask(context, generator, dialoguePrompt(field, label, situation, about, drawn), [aimed], variant);
    if (answer.state === "missed") return answer.failed;
    const turns = answer.value.exchanges.flatMap(({ person, assistant }) => exchange(person, assistant));
    return [rowOf(aimed, { text: renderTurns(turns), turns, asked: answer.asked })];
  });
}

const LISTS = ["greeting", "welcome", "smalltalk", "smallreply", "ask", "back", "explain", "end"] as const;

async function* embedded(section: Section, context: StrategyContext): AsyncGenerator<Candidate> {
  const forms = await readForms("dialogue", LISTS);
  for (const field of await readFields(section.chapters)) {
    const acts = field.situations.filter(({ kind }) => kind === "act");
    for (const seeded of seedsOfField("dialogue", field, acts, section.dialogues, context.seed)) {
      yield* bothSides(seeded, {
        name: "dialogue",
        seed: context.seed,
        write: (side, random) => {
          const turns = converse(forms, field, side, random("turns"));
          return { text: renderTurns(turns), turns };
        },
      });
    }
  }
}

/** Two to ten turns, the person first and the assistant last. */
function converse(forms: Forms<(typeof LISTS)[number]>, field: Field, act: string, random: Random): Turn[] {
  const style = drawStyle(random);
  const say = (list: (typeof LISTS)[number]) => forms.say(list, field, random, { act });
  const turns: Turn[] = [];
  const add = (asked: string, replied: string) => turns.push(...exchange(style(asked), replied));
  if (random.chance(0.5)) add(say("greeting"), say("welcome"));
  for (let n = random.below(3); n > 0; n--) add(say("smalltalk"), say("smallreply"));
  let asked = say("ask");
  for (let n = random.below(3); n > 0; n--) {
    add(asked, say("back"));
    asked = say("explain");
  }
  add(asked, say("end"));
  return turns;
}
