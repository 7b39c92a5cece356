// The constitution: each rule of a chapter → subtopics → prompts → replies, harmful and adjacent-harmless (Constitutional
// Classifiers, arXiv 2501.18837). Without a language model, its situations as requests put together of background, wish,
// reason and form in some medium.
import type { Candidate } from "#datasets/candidate";
import { exchange, renderTurns } from "#datasets/conversation";
import { textId } from "#datasets/files/hash";
import type { Answer } from "#datasets/generators/asker";
import { drawStyle } from "#datasets/grammar/style";
import { Random } from "#models/random";
import { ask, askerOf, runUnits, type Unit } from "./asking.ts";
import type { StrategyContext } from "./context.ts";
import { bothSides } from "./embedded.ts";
import { readForms } from "./forms.ts";
import { type Axes, drawAxes, readAxes } from "./prompts/axes.ts";
import { constitutionPrompt, goAlongPrompt, subtopicsPrompt } from "./prompts/constitution.ts";
import { goAlong, readReplyForms } from "./replies.ts";
import { type Aim, failedRow, rowOf, step } from "./row.ts";
import { generatorOf, type StrategyOf } from "./sections.ts";
import { type Field, type Label, LABELS, readFields } from "./situations.ts";
import { situationSeeds } from "./texts.ts";

type Section = StrategyOf<"constitution">;

export async function* constitutionCandidates(section: Section, context: StrategyContext): AsyncGenerator<Candidate> {
  if (generatorOf(section, 1) === undefined) return yield* embedded(section, context);
  const axes = await readAxes();
  const fields = await readFields(section.chapters);
  function* units(): Generator<Unit> {
    for (const field of fields) for (const label of LABELS) yield* unitsOfSide(field, label, section, context, axes);
  }
  yield* runUnits(units(), context);
}

function* unitsOfSide(field: Field, label: Label, section: Section, context: StrategyContext, axes: Axes): Generator<Unit> {
  const rules = label === 1 ? field.chapter.harmful : field.chapter.harmless;
  if (rules.length === 0) return;
  const generator = generatorOf(section, label)!;
  const subtopics = new Map<string, Promise<Answer<{ subtopics: string[] }>>>();
  // Asked once for all that rests on it; the other rules are what this one's subtopics must stay off.
  const subtopicsOf = (rule: string) => {
    const prompt = subtopicsPrompt(
      field,
      label,
      rule,
      rules.filter((other) => other !== rule),
      section.subtopics,
    );
    let answer = subtopics.get(rule);
    if (answer === undefined) subtopics.set(rule, (answer = askerOf(context).ask(generator, prompt)));
    return answer.then((answered) => ({ answered, prompt }));
  };
  for (let i = 0; i < section.prompts; i++) {
    const rule = rules[i % rules.length]!;
    const subtopic = Math.floor(i / rules.length) % section.subtopics;
    const random = new Random(context.seed, `constitution/${field.topic}/${label}/${i}`);
    const drawn = drawAxes(axes, ["persona", "medium", "register", "locale", "moment"], random);
    const withReply = random.chance(section.replies);
    const replyWords = random.pick(axes.words.filter((n) => n >= 30 && n <= 150));
    const aim = (name: string): Aim => ({
      ...field.labelled(label),
      name,
      seedIds: [`${field.topic}/rule/${textId(rule).slice(0, 10)}/${subtopic}`],
      license: section.license!,
      seed: context.seed,
      params: { ...drawn, generator, variant: i },
    });
    const aims = [aim("constitution/prompt"), ...(withReply ? [aim("constitution/reply")] : [])] as const;
    yield async () => {
      const { answered, prompt } = await subtopicsOf(rule);
      if (answered.state !== "answered") return aims.map((missed) => failedRow(missed, answered));
      const all = answered.value.subtopics;
      const about = { rule, subtopic: all[subtopic % all.length]!, avoid: all.filter((_, at) => at !== subtopic % all.length) };
      const before = [step({ prompt, origin: answered.origin })];
      const first = await ask(context, generator, constitutionPrompt(field, label, about, drawn), aims, i);
      if (first.state === "missed") return first.failed;
      const message = rowOf(aims[0], { text: first.value.text, asked: first.asked, before });
      if (aims[1] === undefined) return [message];
      const second = await ask(context, generator, goAlongPrompt(field, label, first.value.text, replyWords), [aims[1]], i);
      if (second.state === "missed") return [message, ...second.failed];
      const turns = exchange(first.value.text, second.value.text);
      const after = [...before, message.row.lineage!.ops.at(-1)!];
      const replied = { ...aims[1], parents: [message.row.id] };
      return [message, rowOf(replied, { text: renderTurns(turns), turns, asked: second.asked, before: after })];
    };
  }
}

async function* embedded(section: Section, context: StrategyContext): AsyncGenerator<Candidate> {
  const forms = await readForms("constitution", ["background", "wish", "reason", "form", "medium"]);
  const replies = await readReplyForms();
  const { seed } = context;
  for await (const seeded of situationSeeds("constitution", { ...section, per_chapter: section.prompts }, context)) {
    const { field, situation } = seeded;
    const compose = (side: string, random: Random) => {
      const parts = situation.kind === "act" ? { act: side } : {};
      const wish = situation.kind === "act" ? [forms.say("wish", field, random, parts)] : [side];
      const body = [
        ...(random.chance(0.7) ? forms.some("background", 1 + random.below(2), field, random) : []),
        ...wish,
        ...(random.chance(0.5) ? [forms.say("reason", field, random)] : []),
        ...(situation.kind === "act" && random.chance(0.5) ? [forms.say("form", field, random)] : []),
      ].join(" ");
      return drawStyle(random)(forms.say("medium", field, random, { body }));
    };
    yield* bothSides(seeded, {
      name: "constitution/prompt",
      seed,
      write: (side, random) => ({ text: compose(side, random("request")) }),
    });
    if (situation.kind !== "act" || !seeded.random("replied").chance(section.replies)) continue;
    yield* bothSides(seeded, {
      name: "constitution/reply",
      seed,
      write: (side, random) => {
        const turns = exchange(compose(side, random("request")), goAlong(replies, field, side, random("reply")));
        return { text: renderTurns(turns), turns };
      },
    });
  }
}
