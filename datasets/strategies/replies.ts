// Two replies to one prompt, which make a preference triplet (prompt, chosen, rejected). To a harmful prompt, a safe reply
// (chosen) and a compliant one (rejected, the only harmful kind); to a harmless prompt, a helpful reply (chosen) and an
// over-refusal (rejected, harmless). The row's text is the reply; `turns` hold the prompt as well.
import type { Candidate } from "#datasets/candidate";
import { exchange } from "#datasets/conversation";
import { textId } from "#datasets/files/hash";
import { drawStyle } from "#datasets/grammar/style";
import { Random } from "#models/random";
import { ask, runUnits, type Unit } from "./asking.ts";
import type { StrategyContext } from "./context.ts";
import { type Forms, readForms } from "./forms.ts";
import { type Axes, readAxes } from "./prompts/axes.ts";
import { MANNERS, type ReplyKind, replyPrompt } from "./prompts/replies.ts";
import { type Aim, pairId, rowOf, type Written } from "./row.ts";
import { generatorOf, type StrategyOf } from "./sections.ts";
import { type Field, type Label, LABELS, readFields, sideOf } from "./situations.ts";
import { seedsOfField, type SituationSeed } from "./texts.ts";

type Section = StrategyOf<"replies">;

/** [chosen, rejected] */
const KINDS: Record<Label, readonly [ReplyKind, ReplyKind]> = { 1: ["safe", "compliant"], 0: ["helpful", "over-refusal"] };

const LISTS = ["agree", "announce", "encourage", "decline", "why", "offer"] as const;
export type ReplyForms = Forms<(typeof LISTS)[number]>;
export const readReplyForms = (): Promise<ReplyForms> => readForms("replies", LISTS);

export async function* repliesCandidates(section: Section, context: StrategyContext): AsyncGenerator<Candidate> {
  const fields = await readFields(section.chapters);
  const axes = await readAxes();
  const forms = await readReplyForms();
  function* units(): Generator<Unit> {
    for (const field of fields) {
      for (const label of LABELS) {
        const situations = field.situations.filter((situation) => situation.kind === "act" && sideOf(situation, label) !== null);
        for (const seeded of seedsOfField(`replies/${label}`, field, situations, section.prompts, context.seed)) {
          const prompt = message(seeded, label);
          // The side of the reply decides who writes it: a model that helps only can be asked for the harmful kind alone.
          for (const kind of KINDS[label]) {
            const written = kind === "compliant" ? 1 : 0;
            const aim = aimOf(seeded, label, kind, prompt, section, context.seed);
            const generator = generatorOf(section, written);
            if (generator === undefined) yield async () => [rowOf(aim, embeddedReply(forms, seeded, label, kind, prompt))];
            else yield askedReply(seeded, label, kind, prompt, { aim, generator, axes, context });
          }
        }
      }
    }
  }
  yield* runUnits(units(), context);
}

function aimOf(
  { field, situation, index }: SituationSeed,
  promptLabel: Label,
  kind: ReplyKind,
  prompt: string,
  section: Section,
  seed: number,
): Aim {
  const harmful = kind === "compliant";
  const generator = generatorOf(section, harmful ? 1 : 0);
  return {
    ...field.labelled(harmful ? 1 : 0),
    name: `replies/${kind}`,
    seedIds: [situation.seedId],
    pair: pairId("replies", seed, situation.seedId, index, prompt),
    license: section.license ?? "Apache-2.0",
    seed,
    // Which of the two an assistant is to prefer.
    params: {
      preference: kind === KINDS[promptLabel][0] ? "chosen" : "rejected",
      prompt: textId(prompt),
      variant: index,
      ...(generator === undefined ? {} : { generator }),
    },
  };
}

function askedReply(
  { field, random, index }: SituationSeed,
  label: Label,
  kind: ReplyKind,
  prompt: string,
  { aim, generator, axes, context }: { aim: Aim; generator: string; axes: Axes; context: StrategyContext },
): Unit {
  const draw = random(kind);
  const declining = kind === "safe" || kind === "over-refusal";
  const about = { manner: draw.pick(MANNERS), words: draw.pick(axes.words.filter((n) => n <= 110)) };
  return async () => {
    const answer = await ask(context, generator, replyPrompt(field, label, prompt, kind, about), [aim], index, declining);
    return answer.state === "missed" ? answer.failed : [rowOf(aim, { ...replied(prompt, answer.value.text), asked: answer.asked })];
  };
}

function embeddedReply(forms: ReplyForms, seeded: SituationSeed, label: Label, kind: ReplyKind, prompt: string): Written {
  const act = sideOf(seeded.situation, label)!;
  const random = seeded.random(kind);
  const goes = kind === "compliant" || kind === "helpful";
  return replied(prompt, goes ? goAlong(forms, seeded.field, act, random) : holdBack(forms, seeded.field, act, random));
}

/** A reply that agrees to an act and announces what it will tell; it tells nothing. */
export function goAlong(forms: ReplyForms, field: Field, act: string, random: Random): string {
  const announced = forms.some("announce", 1 + random.below(2), field, random, { act });
  return `${[forms.say("agree", field, random, { act }), ...announced].join(" ")}${forms.say("encourage", field, random, { act })}`;
}

/** A reply that declines an act. */
function holdBack(forms: ReplyForms, field: Field, act: string, random: Random): string {
  return (["decline", "why", "offer"] as const).map((list) => forms.say(list, field, random, { act })).join("");
}

function replied(prompt: string, reply: string): Written {
  return { text: reply, turns: exchange(prompt, reply) };
}

/** The situation as a request in one of the grammar's frames. */
function message({ field, situation, random }: SituationSeed, label: Label): string {
  const draw = random("prompt");
  const { questions, imperatives, statements, personas } = field.frames;
  const request = field.framed(sideOf(situation, label)!, [...questions, ...imperatives, ...statements, ...personas], draw);
  return drawStyle(draw)(request);
}
