// CodecLM (arXiv 2404.05875): a seed is encoded into its use case and skills, a new text is decoded from them, and a rubric
// of the model's own making says how to make it harder to classify.
import { z } from "zod";
import type { Prompt } from "#datasets/generators/asker";
import { describeAxes, type Drawn } from "./axes.ts";
import { compose, material, plainLabel, textReply, type TextReply, words } from "./prompt.ts";

const phrase = z.string().trim().min(2).max(400);
const encodedReply = z.strictObject({ useCase: phrase, skills: z.array(phrase).min(1).max(8) });
export type Encoded = z.infer<typeof encodedReply>;
const rubricReply = z.strictObject({ rubric: z.array(phrase).min(1).max(8), actions: z.array(phrase).min(1).max(8) });
export type Rubric = z.infer<typeof rubricReply>;

export interface Target {
  label: 0 | 1;
  topic: string;
}

export function encodePrompt(text: string, { label, topic }: Target): Prompt<Encoded> {
  return compose({
    name: "codeclm/encode",
    version: 1,
    ask: [
      plainLabel(label, topic),
      "Encode the text: its use case in a phrase (what its author is after, in what kind of situation), and two or three skills or fields that one must know to understand it. Name nothing that the text itself names: no person, place or object of it.",
      material(text),
    ],
    reply: encodedReply,
    sample: { useCase: words(15), skills: [words(4), words(4)] },
    notes: { useCase: "the use case", skills: "a skill" },
  });
}

export function decodePrompt(encoded: Encoded, { label, topic }: Target, drawn: Drawn): Prompt<TextReply> {
  return compose({
    name: "codeclm/decode",
    version: 1,
    ask: [
      plainLabel(label, topic),
      "Write one text anew from a use case and skills.",
      material(`use case: ${encoded.useCase}\nskills: ${encoded.skills.join("; ")}`, "metadata"),
      `The text:\n${describeAxes(drawn)}`,
    ],
    reply: textReply,
    sample: { text: words(drawn.words) },
    notes: { text: "the text" },
  });
}

export function rubricPrompt(text: string, encoded: Encoded, { label, topic }: Target): Prompt<Rubric> {
  return compose({
    name: "codeclm/rubric",
    version: 1,
    ask: [
      plainLabel(label, topic),
      "For texts of this use case and these skills: which criteria tell how hard it is to see the label (indirect wording, mixed intents, misleading words, context that turns the meaning)? Then, for this text, what could be done so that it is harder and the label stays the same?",
      material(`use case: ${encoded.useCase}\nskills: ${encoded.skills.join("; ")}`, "metadata"),
      material(text),
    ],
    reply: rubricReply,
    sample: { rubric: [words(10), words(10), words(10)], actions: [words(14), words(14)] },
    notes: { rubric: "a criterion", actions: "an action" },
  });
}

export function harderPrompt(text: string, { actions }: Rubric, { label, topic }: Target, length: number): Prompt<TextReply> {
  return compose({
    name: "codeclm/harder",
    version: 1,
    ask: [
      plainLabel(label, topic),
      "Rewrite the text by these actions, so that its label is harder to see and stays the same.",
      material(actions.join("\n"), "actions"),
      material(text),
    ],
    reply: textReply,
    sample: { text: words(length) },
    notes: { text: "the harder text" },
  });
}
