// A labelled example, the row of every data set that Cordon writes or trains on (JSONL).
import { z } from "zod";
import { CATEGORY_IDS, type CategoryId } from "#models/taxonomy";

export const SPLITS = ["train", "calibration", "test"] as const;
export type Split = (typeof SPLITS)[number];

const categoryId = z.enum(CATEGORY_IDS as [CategoryId, ...CategoryId[]]);

/** One operation that made a row from its parents. */
const operation = z.object({
  name: z.string(),
  version: z.number().int(),
  seed: z.number().int().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  /** The language model that wrote it, as its endpoint names it, and the SHA-256 of what it was asked. */
  model: z.string().optional(),
  promptSha256: z.string().optional(),
});

/** One turn of a conversation. */
const turn = z.object({ role: z.enum(["system", "user", "assistant"]), content: z.string() });

export const exampleSchema = z.object({
  id: z.string().min(1),
  text: z.string(),
  /** 1 harmful, 0 harmless. */
  label: z.union([z.literal(0), z.literal(1)]),
  /** Categories present. */
  categories: z.array(categoryId).default([]),
  /**
   * Categories of which the source says nothing: neither present nor absent. They are masked in the loss and in the
   * metrics. "*" stands for every category not present.
   */
  unknown: z.array(z.union([categoryId, z.literal("*")])).default([]),
  /** Share of annotators who said harmful, 0 to 1. */
  labelDist: z.number().min(0).max(1).optional(),
  lang: z.string().default("en"),
  split: z.enum(SPLITS).optional(),
  synthetic: z.boolean().default(false),
  /** What wrote it: `grammar`, `benchmark`, … or the data set's name. */
  source: z.string().optional(),
  /** The category or subject that it was written for, also where it is the harmless look-alike. */
  topic: z.string().optional(),
  /** The conversation whose text it is; absent where the text is one message. */
  turns: z.array(turn).optional(),
  /** Shared by the two sides of a pair: a text and its closest edit, or two replies to one prompt. */
  pair: z.string().optional(),
  lineage: z
    .object({
      seedIds: z.array(z.string()).default([]),
      parents: z.array(z.string()).default([]),
      ops: z.array(operation).default([]),
      /** The first 16 hexadecimal digits of the recipe's SHA-256. */
      recipe: z.string().optional(),
    })
    .optional(),
  license: z.string().optional(),
});

export type Example = z.infer<typeof exampleSchema>;
export type Operation = z.infer<typeof operation>;
export type Turn = z.infer<typeof turn>;

/** 1 present, 0 absent, -1 unknown. */
export type LabelState = 1 | 0 | -1;

/** State of a category in a row. A harmless row (label 0) without `unknown` has every category absent. */
export function categoryState(example: Pick<Example, "categories" | "unknown">, category: CategoryId): LabelState {
  if (example.categories.includes(category)) return 1;
  return example.unknown.includes("*") || example.unknown.includes(category) ? -1 : 0;
}
