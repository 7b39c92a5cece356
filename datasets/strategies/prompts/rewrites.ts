// Prompts that make a text of a text: the closest edit of the other label, and the same matter in another form.
import type { Prompt } from "#datasets/generators/asker";
import type { REPHRASE_FORMS } from "#datasets/strategies/sections";
import { describeAxes, type Drawn } from "./axes.ts";
import { compose, material, plainLabel, textReply, type TextReply, words } from "./prompt.ts";

/** The closest edit of the other label (counterfactual augmentation, arXiv 1909.12434). `label` is that of the edit. */
export function editPrompt(text: string, label: 0 | 1, topic: string): Prompt<TextReply> {
  return compose({
    name: `minimal-pairs/${label === 1 ? "to-harmful" : "to-harmless"}`,
    version: 1,
    ask: [
      plainLabel(label, topic),
      label === 1
        ? "The text below is harmless. Change as few words as you can so that its intent becomes harmful, at the level of intent alone. Keep tone, form and length."
        : "The text below is harmful. Change as few words as you can so that nothing in it is harmful any more: another object, another purpose, consent, a game, a kitchen, a film, prevention. Keep tone, form and length. Don't turn it into a refusal or a sermon.",
      material(text),
    ],
    reply: textReply,
    sample: { text: words(text.split(/\s+/).length) },
    notes: { text: "the edited text" },
  });
}

/** The forms of WRAP (arXiv 2401.16380) and of Deep Ignorance (arXiv 2508.06601). */
const FORMS: Record<(typeof REPHRASE_FORMS)[number], string> = {
  lecture: "the beginning of a lecture, spoken to an audience",
  exam: "an examination paper: questions, without their answers",
  article: "an article as on a web page, with paragraphs",
  easy: "very simple words and short sentences for people who read little",
  hard: "terse, erudite prose for specialists of the field",
  qa: "questions and answers in conversation, each marked Question: and Answer:",
};

export function rephrasePrompt(
  text: string,
  form: (typeof REPHRASE_FORMS)[number],
  { label, topic }: { label: 0 | 1; topic: string },
  drawn: Drawn,
): Prompt<TextReply> {
  return compose({
    name: `rephrase/${form}`,
    version: 1,
    ask: [
      plainLabel(label, topic),
      `Say the same in another form: ${FORMS[form]}. Who wants what, and to what end, stays as it is; add nothing with which one could act.`,
      material(text),
      `The text:\n${describeAxes(drawn)}`,
    ],
    reply: textReply,
    sample: { text: words(drawn.words) },
    notes: { text: "the text in its new form" },
  });
}
