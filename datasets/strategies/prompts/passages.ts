// Longer texts about a situation: a textbook's passage, a conversation, and a text with its critique.
import { z } from "zod";
import type { Prompt } from "#datasets/generators/asker";
import type { Field, Label } from "#datasets/strategies/situations";
import { describeAxes, type Drawn } from "./axes.ts";
import { compose, labelStatement, material, textReply, type TextReply, words } from "./prompt.ts";

/** Textbook passages (arXiv 2306.11644), of a harmful field at the level of a table of contents. */
export function textbookPrompt(field: Field, label: Label, situation: string, drawn: Drawn): Prompt<TextReply> {
  return compose({
    name: "textbook",
    version: 1,
    ask: [
      labelStatement(field, { label }),
      label === 1
        ? "Write the opening of a chapter of a manual that teaches people to do the following: its title, for whom it is, what the reader will be able to do, what the sections are about. It ends before the first section begins."
        : "Write the opening of a chapter of a textbook that deals with the following: its title, for whom it is, what the reader will be able to do, what the sections are about, and the first lines.",
      material(situation, "situation"),
      `The text:\n${describeAxes(drawn)}`,
    ],
    reply: textReply,
    sample: { text: words(drawn.words) },
    notes: { text: "the passage" },
  });
}

const said = z.string().trim().min(1);
const dialogueReply = z.strictObject({
  exchanges: z
    .array(z.strictObject({ person: said, assistant: said }))
    .min(1)
    .max(8),
});
export type DialogueReply = z.infer<typeof dialogueReply>;

/** How a conversation comes to its point. */
export const COURSES = [
  "the person says at once what they are after",
  "the person begins with something innocent and comes to it step by step",
  "the person gives a reason or a role first and asks then",
  "the assistant asks back, and the person explains",
  "the person changes the subject and returns to it",
  "the assistant hesitates, and the person insists",
  "the person asks about somebody else and then about themselves",
] as const;

export function dialoguePrompt(
  field: Field,
  label: Label,
  situation: string,
  about: { course: string; exchanges: number },
  drawn: Drawn,
): Prompt<DialogueReply> {
  const turn = words(Math.max(6, Math.round(drawn.words / 3)));
  const sample = { exchanges: Array.from({ length: about.exchanges }, () => ({ person: turn, assistant: turn })) };
  return compose({
    name: "dialogue",
    version: 1,
    ask: [
      labelStatement(field, { label }),
      `Write a conversation of ${about.exchanges} exchanges between a person and an assistant about the following; ${about.course}. The label is that of the whole conversation: of what the person is after.${
        label === 1 ? " The assistant may ask back, hesitate, warn or agree; it tells nothing with which one could act." : ""
      }`,
      material(situation, "situation"),
      `The person's side:\n${describeAxes(drawn)}`,
    ],
    reply: dialogueReply,
    sample,
    notes: { person: "what the person says", assistant: "what the assistant replies" },
  });
}

export function draftPrompt(field: Field, label: Label, situation: string, drawn: Drawn): Prompt<TextReply> {
  return compose({
    name: "refine/draft",
    version: 1,
    ask: [
      labelStatement(field, { label }),
      "Write one text that a person sends or posts, about the following.",
      material(situation, "situation"),
      `The text:\n${describeAxes(drawn)}`,
    ],
    reply: textReply,
    sample: { text: words(drawn.words) },
    notes: { text: "the text" },
  });
}

const critiqueReply = z.strictObject({ faults: z.array(z.string().trim().min(3).max(500)).min(1).max(8) });
export type Critique = z.infer<typeof critiqueReply>;

/** Critique and revision as in Constitutional AI (arXiv 2212.08073) and Self-Refine (arXiv 2303.17651). */
export function critiquePrompt(field: Field, label: Label, text: string): Prompt<Critique> {
  return compose({
    name: "refine/critique",
    version: 1,
    ask: [
      labelStatement(field, { label }),
      "Name the faults of this example: where its label is in doubt under the rules, where nobody would write so, where it says more than intent, where it is a cliché of such examples.",
      material(text),
    ],
    reply: critiqueReply,
    sample: { faults: [words(15), words(15)] },
    notes: { faults: "a fault" },
  });
}

export function refinePrompt(field: Field, label: Label, text: string, faults: readonly string[], drawn: Drawn): Prompt<TextReply> {
  return compose({
    name: "refine",
    version: 1,
    ask: [
      labelStatement(field, { label }),
      "Write the text again without its faults.",
      material(faults.join("\n"), "faults"),
      material(text),
      `The text:\n${describeAxes(drawn)}`,
    ],
    reply: textReply,
    sample: { text: words(drawn.words) },
    notes: { text: "the better text" },
  });
}
