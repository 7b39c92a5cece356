// Examples from a benchmark's questions without a language model: the question as it stands, with its right answer, as
// a statement with an explanation's frame, and recombined inside a subject into a lecture, an exam or an article
// (the forms of WRAP, arXiv 2401.16380, and of Deep Ignorance's rewrites, arXiv 2508.06601).
import type { Example } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import { splitOfSeed } from "#datasets/splits";
import type { Question } from "#datasets/seeds/question";
import { Random } from "#models/random";
import type { CategoryId } from "#models/taxonomy";

export const BENCHMARK_VERSION = 1;

export const FORMS = ["exam-question", "answer", "statement", "lecture", "exam", "article"] as const;
export type Form = (typeof FORMS)[number];

export interface BenchmarkOptions {
  seed: number;
  /** Recombined passages (lecture, exam, article) per question of a subject. */
  passagesPerQuestion: number;
  label: 0 | 1;
  categories: CategoryId[];
  license: string;
}

const EXPLAIN = [
  "The reason lies in the definition.",
  "This follows from what was said above.",
  "Compare it with the other cases.",
  "It is worth remembering why.",
  "Textbooks treat it at length.",
];
const LECTURE = [
  "Let us look at the next point.",
  "Today's topic has several parts.",
  "Recall what we discussed last week.",
  "Note the following carefully.",
  "Are there questions so far?",
];
const ARTICLE = [
  "The subject has been studied for a long time.",
  "Experts agree on the main points.",
  "There is more to be said.",
  "An overview is given below.",
  "Readers often ask about this.",
];

/** Every form of every question; recombined passages draw on questions of the same subject and the same split. */
export function* benchmarkExamples(questions: readonly Question[], options: BenchmarkOptions): Generator<Example> {
  const random = new Random(options.seed, `benchmark/${options.label}`);
  const groups = new Map<string, Question[]>();
  for (const question of questions) {
    const key = `${question.subject}/${splitOfSeed(question.id)}`;
    const group = groups.get(key);
    if (group) group.push(question);
    else groups.set(key, [question]);
    yield example(examQuestion(question), "exam-question", [question], options);
    yield example(`${question.question} ${answerOf(question)}`, "answer", [question], options);
    yield example(statement(question, random), "statement", [question], options);
  }
  for (const group of groups.values()) {
    const passages = Math.round(group.length * options.passagesPerQuestion);
    for (let i = 0; i < passages; i++) {
      const chosen = Array.from({ length: 2 + random.below(4) }, () => random.pick(group));
      const form = random.pick(["lecture", "exam", "article"] as const);
      yield example(passage(form, chosen, random), form, chosen, options);
    }
  }
}

function passage(form: "lecture" | "exam" | "article", questions: readonly Question[], random: Random): string {
  if (form === "exam") return questions.map((q, i) => `${i + 1}. ${examQuestion(q)}`).join("\n\n");
  const between = form === "lecture" ? LECTURE : ARTICLE;
  return questions.map((q) => `${random.pick(between)} ${statement(q, random)}`).join(form === "lecture" ? " " : "\n\n");
}

function examQuestion({ question, choices }: Question): string {
  return `${question}\n${choices.map((choice, i) => `${String.fromCharCode(65 + i)}. ${choice}`).join("\n")}`;
}

function answerOf({ choices, answer }: Question): string {
  return choices[answer] ?? "";
}

/** The answer in the place of a blank, or behind the question. */
function statement(question: Question, random: Random): string {
  const answer = answerOf(question);
  const text = /_{2,}/.test(question.question)
    ? question.question.replace(/_{2,}/, () => answer)
    : `${question.question.replace(/[?:.]\s*$/, "")}: ${answer}`;
  return `${text.replace(/\s+$/, "")}. ${random.pick(EXPLAIN)}`;
}

function example(text: string, form: Form, questions: readonly Question[], options: BenchmarkOptions): Example {
  const seedIds = [...new Set(questions.map((q) => q.id))];
  return {
    id: `b-${textId(`${form}/${text}`)}`,
    text,
    label: options.label,
    categories: options.categories,
    unknown: options.label === 1 ? ["*"] : [],
    lang: "en",
    synthetic: form !== "exam-question",
    source: questions[0]!.source,
    lineage: { seedIds, parents: [], ops: [{ name: `benchmark/${form}`, version: BENCHMARK_VERSION, seed: options.seed }] },
    license: options.license,
  };
}
