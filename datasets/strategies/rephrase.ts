// WRAP (arXiv 2401.16380): the same matter as a lecture, an examination, an article, in easy words, in hard ones, as questions
// and answers. Without a language model, an act in the written parts of each form, and a post in the mouth of a speaker.
import type { Candidate } from "#datasets/candidate";
import { Random } from "#models/random";
import { ask, runUnits, type Unit } from "./asking.ts";
import type { StrategyContext } from "./context.ts";
import { bothSides } from "./embedded.ts";
import { readForms } from "./forms.ts";
import { drawAxes, readAxes } from "./prompts/axes.ts";
import { rephrasePrompt } from "./prompts/rewrites.ts";
import { type Aim, rowOf } from "./row.ts";
import { generatorOf, REPHRASE_FORMS, type StrategyOf } from "./sections.ts";
import type { Field } from "./situations.ts";
import { pairOf, situationSeeds, textsOf } from "./texts.ts";

type Section = StrategyOf<"rephrase">;
type Form = (typeof REPHRASE_FORMS)[number];

export async function* rephraseCandidates(section: Section, context: StrategyContext): AsyncGenerator<Candidate> {
  if (generatorOf(section, 1) === undefined) return yield* embedded(section, context);
  const axes = await readAxes();
  async function* units(): AsyncGenerator<Unit> {
    for await (const seedText of textsOf("rephrase", section.texts, context)) {
      const generator = generatorOf(section, seedText.label)!;
      // Both sides of a pair draw the same forms.
      const random = new Random(context.seed, `rephrase/${seedText.seedIds.join()}`);
      const forms = random.shuffle([...section.forms]);
      for (let variant = 0; variant < section.per_text; variant++) {
        const form = forms[variant % forms.length]!;
        const drawn = drawAxes(axes, ["persona", "register", "locale"], random);
        const { text, twin: _, ...labelled } = seedText;
        const pair = pairOf("rephrase", seedText, form, variant);
        const params = { form, ...drawn, generator, variant };
        const aim: Aim = { ...labelled, name: `rephrase/${form}`, pair, license: section.license!, seed: context.seed, params };
        yield async () => {
          const answer = await ask(context, generator, rephrasePrompt(text, form, seedText, drawn), [aim], variant);
          return answer.state === "missed" ? answer.failed : [rowOf(aim, { text: answer.value.text, asked: answer.asked })];
        };
      }
    }
  }
  yield* runUnits(units(), context);
}

const LISTS = [
  "lecture_opening",
  "lecture_body",
  "lecture_closing",
  "exam_opening",
  "exam_question",
  "exam_closing",
  "article_opening",
  "article_body",
  "article_closing",
  "easy_sentence",
  "hard_sentence",
  "qa_pair",
  "post_lecture",
  "post_article",
  "post_easy",
  "post_qa",
] as const;
type RephraseForms = Awaited<ReturnType<typeof readForms<(typeof LISTS)[number]>>>;

async function* embedded(section: Section, context: StrategyContext): AsyncGenerator<Candidate> {
  const forms = await readForms("rephrase", LISTS);
  for await (const seeded of situationSeeds("rephrase", section.texts, context)) {
    const { kind } = seeded.situation;
    const possible = section.forms.filter((form) => kind === "act" || isPostForm(form));
    const drawn = seeded
      .random("forms")
      .shuffle([...possible])
      .slice(0, section.per_text);
    for (const form of drawn) {
      yield* bothSides(seeded, {
        name: `rephrase/${form}`,
        seed: context.seed,
        params: { form },
        write: (side, random) => ({
          text:
            kind === "act" ? written(forms, form, seeded.field, side, random(form)) : said(forms, form, seeded.field, side, random(form)),
        }),
      });
    }
  }
}

function written(forms: RephraseForms, form: Form, field: Field, act: string, random: Random): string {
  const one = (list: (typeof LISTS)[number]) => forms.say(list, field, random, { act });
  const some = (list: (typeof LISTS)[number], least: number, most: number) =>
    forms.some(list, least + random.below(most - least + 1), field, random, { act });
  switch (form) {
    case "lecture":
      return [one("lecture_opening"), ...some("lecture_body", 2, 5), one("lecture_closing")].join(" ");
    case "exam":
      return [one("exam_opening"), ...some("exam_question", 2, 5).map((q, i) => `${i + 1}. ${q}`), one("exam_closing")].join("\n");
    case "article":
      return [one("article_opening"), some("article_body", 2, 5).join(" "), one("article_closing")].join("\n\n");
    case "easy":
      return some("easy_sentence", 4, 9).join(" ");
    case "hard":
      return some("hard_sentence", 2, 4).join(" ");
    case "qa":
      return some("qa_pair", 2, 4).join("\n\n");
  }
}

const POST_FORMS = { lecture: "post_lecture", article: "post_article", easy: "post_easy", qa: "post_qa" } as const;

function isPostForm(form: Form): form is keyof typeof POST_FORMS {
  return Object.hasOwn(POST_FORMS, form);
}

function said(forms: RephraseForms, form: Form, field: Field, post: string, random: Random): string {
  if (!isPostForm(form)) throw new Error(`said: requires a form for posts, got ${form}`);
  return forms.say(POST_FORMS[form], field, random, { post });
}
