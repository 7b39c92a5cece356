// A multiple-choice question of a benchmark, the seed of a domain to filter or to keep.
import { z } from "zod";
import { textId } from "#datasets/files/hash";
import { CATEGORY_IDS, type CategoryId } from "#models/taxonomy";
import { CordonError } from "#models/errors";
import { isRecord, type Row } from "./rows.ts";

export const questionSchema = z.object({
  /** Stable: made of the question and its choices, so that files in another order give the same ids. */
  id: z.string().min(1),
  question: z.string().min(1),
  choices: z.array(z.string()).min(2),
  /** Index of the right choice. */
  answer: z.number().int().min(0),
  /** MMLU's subject, or WMDP's configuration (`wmdp-bio`). */
  subject: z.string(),
  /** `mmlu`, `wmdp`. */
  source: z.string(),
  /** The harm that the question is about, where its benchmark says so. */
  category: z.enum(CATEGORY_IDS as [CategoryId, ...CategoryId[]]).optional(),
});

export type Question = z.infer<typeof questionSchema>;

export interface QuestionFacts {
  source: string;
  subject: string;
  category?: CategoryId | undefined;
}

/**
 * A row `{question, choices, answer}` as a question; the answer is an index or a letter.
 * @throws CordonError data/malformed-row
 */
export function toQuestion({ where, row }: Row, facts: QuestionFacts): Question {
  const bad = (what: string) =>
    new CordonError("data/malformed-row", what, { where, hint: `${facts.source} rows are {question, choices, answer}` });
  const { question, choices } = row;
  if (typeof question !== "string" || question.trim() === "") throw bad("question is missing");
  if (!Array.isArray(choices) || choices.length < 2 || !choices.every((c) => typeof c === "string"))
    throw bad("choices are not a list of texts");
  const answer = answerIndex(row["answer"]);
  if (answer === undefined || answer >= choices.length) throw bad(`answer is not one of the ${choices.length} choices`);
  const subject = typeof row["subject"] === "string" && row["subject"] !== "" ? row["subject"] : facts.subject;
  return {
    id: `${facts.source}:${subject}:${textId(JSON.stringify([question, choices]))}`,
    question,
    choices: choices as string[],
    answer,
    subject,
    source: facts.source,
    ...(facts.category === undefined ? {} : { category: facts.category }),
  };
}

/** Older files of cais/mmlu hold the row one level down, `{train: {…}}`. */
export function unwrap(row: Row): Row {
  const inner = row.row["train"];
  return Object.keys(row.row).length === 1 && isRecord(inner) ? { where: row.where, row: inner } : row;
}

function answerIndex(answer: unknown): number | undefined {
  if (typeof answer === "string" && /^[A-Za-z]$/.test(answer.trim())) return answer.trim().toUpperCase().charCodeAt(0) - 65;
  const index = typeof answer === "string" && answer.trim() === "" ? Number.NaN : Number(answer);
  return typeof answer !== "boolean" && answer !== null && Number.isInteger(index) && index >= 0 ? index : undefined;
}
