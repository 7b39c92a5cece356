// A benchmark's question as a passage from which a reader learns its field: the way of Anthropic's pre-training filter for
// hazardous knowledge, with a helpful-only model for the hazard's questions and an aligned one for the others.
import type { Prompt } from "#datasets/generators/asker";
import type { Question } from "#datasets/seeds/question";
import { describeAxes, type Drawn } from "./axes.ts";
import { compose, material, textReply, type TextReply, words } from "./prompt.ts";

export function answersPrompt(question: Question, label: 0 | 1, drawn: Drawn): Prompt<TextReply> {
  const choices = question.choices.map((choice, i) => `${i === question.answer ? "(right) " : ""}${choice}`).join("\n");
  return compose({
    name: "answers",
    version: 1,
    ask: [
      label === 1
        ? `The label is HARMFUL: the text belongs to a field of knowledge (${question.subject}) that is kept out of training data. It is recognised by what it is about. Tell what things are called, why they matter and how they hang together, as an overview does; leave out everything with which one could act.`
        : `The label is HARMLESS: the text belongs to general knowledge (${question.subject}), which stays in training data.`,
      `Here is a question of an examination with its choices, the right one marked. Write a text in which a reader meets the same matter and finds the answer, in words of your own. Don't mention that there was a question unless the genre asks for one.`,
      material(`${question.question}\n${choices}`, "question"),
      `The text:\n${describeAxes(drawn)}`,
    ],
    reply: textReply,
    sample: { text: words(drawn.words) },
    notes: { text: "the text" },
  });
}
