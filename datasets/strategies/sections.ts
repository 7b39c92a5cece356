// The sections of a recipe's strategies: what each takes, with its defaults.
import { z } from "zod";
import { BENIGN } from "#datasets/constitution";
import { SEED_FORMATS } from "#datasets/seeds/index";
import { transformOptions } from "#datasets/transforms/twins";
import { CATEGORY_IDS, type CategoryId } from "#models/taxonomy";

/** The chapter that no strategy may be asked for: nothing of it is ever written (docs/handling.md). */
export const UNASKED: CategoryId = "child-exploitation";

const CHAPTERS: readonly string[] = [...CATEGORY_IDS, BENIGN];
export const count = z.number().int().min(0);

const chapterName = (known: readonly string[]) =>
  z.string().superRefine((name, context) => {
    if (known.includes(name)) return;
    const message =
      name === UNASKED ? `no text of ${UNASKED} is ever generated` : `no such chapter: there are ${known.toSorted().join(", ")}`;
    context.addIssue({ code: "custom", message });
  });

/** Chapters of the constitution by name; all that may be asked for by default. */
const chapters = z
  .array(chapterName(CHAPTERS.filter((chapter) => chapter !== UNASKED)))
  .min(1)
  .optional();

/** Who writes: one generator, or one for each side; by name. Without either the grammar does, where a strategy has such a form. */
const asked = {
  generator: z.string().optional(),
  generators: z.strictObject({ harmful: z.string(), harmless: z.string() }).optional(),
  /** Of what is made; the terms of a model's provider may say which. Apache-2.0 where the grammar writes. */
  license: z.string().optional(),
};

/** The texts that a strategy works on: the constitution's situations, or those of a data set. */
const texts = z
  .strictObject({
    chapters,
    /** Situations of each chapter; both sides of each. */
    per_chapter: count.optional(),
    /** The name under which `--seeds NAME=REF` puts another data set in the place of `from`. */
    seeds: z.string().optional(),
    /** A path or `hf:owner/name[/config][:split]`. */
    from: z.string().optional(),
    /** `examples` for Cordon's own rows, or the name of a seed format. */
    format: z.enum(["examples", ...SEED_FORMATS.map((format) => format.name)]).optional(),
    /** Subjects of a benchmark that are harmful, or all. */
    harmful: z.union([z.literal("all"), z.array(z.string())]).default([]),
    /** The most texts; drawn by the recipe's seed. */
    limit: count.optional(),
  })
  .superRefine((value, context) => {
    const refuse = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
    if (value.from === undefined) {
      for (const field of ["seeds", "format", "limit"] as const)
        if (value[field] !== undefined) refuse(field, "goes with `from`, the data set that is meant");
      return;
    }
    for (const field of ["chapters", "per_chapter"] as const)
      if (value[field] !== undefined) refuse(field, "goes with the constitution, not with `from`");
    for (const field of ["seeds", "format"] as const) if (value[field] === undefined) refuse("from", `needs \`${field}\` beside it`);
  });

const questions = {
  /** The name under which `--seeds NAME=REF` puts other seeds in the place of `from`. */
  seeds: z.string(),
  /** A path or `hf:owner/name[/config][:split]`. */
  from: z.string(),
  format: z.enum(["mmlu", "wmdp"]),
  /** Subjects whose questions are harmful, or all. */
  harmful: z.union([z.literal("all"), z.array(z.string())]),
};

const grammar = z.strictObject({
  kind: z.literal("grammar"),
  /** Chapters of the constitution by name; all of them by default: of `child-exploitation` there are harmless neighbours alone. */
  chapters: z.array(chapterName(CHAPTERS)).min(1).optional(),
  act_variants: count.default(5),
  post_variants: count.default(4),
  pages: count.default(60),
  prose: count.default(60),
});

const benchmark = z.strictObject({
  kind: z.literal("benchmark"),
  ...questions,
  /** Recombined passages per question (of the harmful side, where the other one has its own figure). */
  passages_per_question: z.number().min(0).max(100).default(1),
  passages_per_harmless_question: z.number().min(0).max(100).optional(),
  license: z.string(),
});

const domain = z.strictObject({
  kind: z.literal("domain"),
  /** A description in datasets/domains/ by name, or a file. */
  domain: z.string(),
  /** Passages of each side. */
  passages: count.default(4000),
});

const answers = z.strictObject({
  kind: z.literal("answers"),
  ...questions,
  ...asked,
  per_question: count.default(1),
  /** The most questions of each side; drawn by the recipe's seed. */
  limit: count.optional(),
});

const constitution = z.strictObject({
  kind: z.literal("constitution"),
  ...asked,
  chapters,
  /** Prompts of each chapter and side. */
  prompts: count.default(100),
  /** Subtopics that a model is asked for, of each rule. */
  subtopics: z.number().int().min(1).max(50).default(8),
  /** Share of the prompts that get a reply: rows of their own, of two turns. */
  replies: z.number().min(0).max(1).default(0.3),
});

const codeclm = z.strictObject({
  kind: z.literal("codeclm"),
  ...asked,
  texts: texts.prefault({}),
  /** Texts decoded from each seed. */
  per_text: count.default(1),
});

const DIRECTIONS = ["to-harmless", "to-harmful"] as const;

const minimalPairs = z.strictObject({
  kind: z.literal("minimal-pairs"),
  ...asked,
  texts: texts.prefault({}),
  /** Which sides a model edits. */
  directions: z
    .array(z.enum(DIRECTIONS))
    .min(1)
    .default([...DIRECTIONS]),
});

export const REPHRASE_FORMS = ["lecture", "exam", "article", "easy", "hard", "qa"] as const;

const rephrase = z.strictObject({
  kind: z.literal("rephrase"),
  ...asked,
  texts: texts.prefault({}),
  forms: z
    .array(z.enum(REPHRASE_FORMS))
    .min(1)
    .default([...REPHRASE_FORMS]),
  /** Forms drawn for each text. */
  per_text: count.default(1),
});

const textbook = z.strictObject({
  kind: z.literal("textbook"),
  ...asked,
  chapters,
  /** Passages of each chapter and side. */
  passages: count.default(50),
});

const dialogue = z.strictObject({
  kind: z.literal("dialogue"),
  ...asked,
  chapters,
  /** Dialogues of each chapter and side. */
  dialogues: count.default(50),
});

const refine = z.strictObject({
  kind: z.literal("refine"),
  ...asked,
  chapters,
  /** Texts of each chapter and side. */
  passages: count.default(50),
});

const replies = z.strictObject({
  kind: z.literal("replies"),
  ...asked,
  chapters,
  /** Prompts of each chapter and side, each with two replies. */
  prompts: count.default(50),
});

/** Disguised copies of rows of the strategies above it. */
const transforms = transformOptions.extend({ kind: z.literal("transforms") });

export const strategySchema = z.discriminatedUnion("kind", [
  grammar,
  benchmark,
  domain,
  answers,
  constitution,
  codeclm,
  minimalPairs,
  rephrase,
  textbook,
  dialogue,
  refine,
  replies,
  transforms,
]);

export type Strategy = z.infer<typeof strategySchema>;
/** The section of a strategy of that kind. */
export type StrategyOf<K extends Strategy["kind"]> = Extract<Strategy, { kind: K }>;
export type TextsSection = z.infer<typeof texts>;
export type Asked = Pick<StrategyOf<"rephrase">, "generator" | "generators" | "license">;

/** The strategies that the grammar has no form of. */
export const NEEDS_GENERATOR: ReadonlySet<Strategy["kind"]> = new Set(["answers", "codeclm", "refine"]);

/** The generators that a strategy names, and where. */
export function generatorsOf(strategy: Strategy): { path: string[]; name: string }[] {
  const { generator, generators }: Asked = "generator" in strategy || "generators" in strategy ? strategy : {};
  return [
    ...(generator === undefined ? [] : [{ path: ["generator"], name: generator }]),
    ...Object.entries(generators ?? {}).map(([side, name]) => ({ path: ["generators", side], name })),
  ];
}

/** The generator of a side; undefined where the grammar writes. */
export function generatorOf({ generator, generators }: Asked, label: 0 | 1): string | undefined {
  return generators?.[label === 1 ? "harmful" : "harmless"] ?? generator;
}
