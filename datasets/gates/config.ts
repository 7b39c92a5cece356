// The `gates:` section of a recipe.
import { z } from "zod";

const count = z.number().int().min(0);
const share = z.number().min(0).max(1);

const nearDuplicate = z.strictObject({
  /** Estimated Jaccard similarity of the texts' shingles from which the later one is dropped. */
  threshold: z.number().min(0.3).max(1).default(0.7),
  /** Words of a shingle. */
  words: z.number().int().min(1).max(10).default(3),
  /** Which rows: those that a language model wrote, or all. The grammar's variants resemble each other by intent. */
  rows: z.enum(["written", "all"]).default("written"),
});

const decontaminate = z.strictObject({
  /** Evaluation sets, as `--data` names them. */
  against: z.array(z.string().min(1)).default([]),
  /** Words in a row that a text may not share with one of theirs. */
  words: z.number().int().min(5).max(50).default(13),
});

const judge = z
  .strictObject({
    /** A generator of the recipe, which votes; or */
    generator: z.string().optional(),
    /** the folder of a model package. */
    model: z.string().optional(),
    votes: z.number().int().min(1).max(15).default(3),
    /** Smallest share of the valid votes that agree; in whole per cent, so that 0.67 takes two of three. */
    min_agreement: z.number().min(0.5).max(1).default(0.67),
    /** What is to count as harmful, where the rules of the topic's chapter do not say it. */
    definition: z.string().optional(),
    /** How far beyond the model's threshold a probability must lie to contradict a label. */
    margin: share.default(0.2),
  })
  .refine((value) => (value.generator === undefined) !== (value.model === undefined), "needs either a generator or a model");

const contrastive = z.strictObject({
  /** The model package whose mistakes are looked for. */
  model: z.string(),
  /** Share of the rows on which it agrees with the label that are kept. */
  keep_agreeing: share.default(0.5),
  /** Largest share, within a label, of rows on which it disagrees. */
  max_share: share.default(0.5),
});

const quota = z.strictObject({
  /** Most rows of a cell (topic × label × strategy). */
  per_cell: count.optional(),
  /** Exceptions; the first that fits counts. What is left out fits every cell. */
  cells: z
    .array(
      z.strictObject({
        topic: z.string().optional(),
        label: z.union([z.literal(0), z.literal(1)]).optional(),
        strategy: z.string().optional(),
        rows: count,
      }),
    )
    .default([]),
});

export const gatesSchema = z
  .strictObject({
    min_characters: count.default(2),
    max_characters: count.default(20_000),
    near_duplicate: z.union([z.literal("off"), nearDuplicate]).prefault({}),
    decontaminate: decontaminate.prefault({}),
    judge: judge.optional(),
    contrastive: contrastive.optional(),
    quota: quota.prefault({}),
  })
  .refine((gates) => gates.contrastive === undefined || gates.judge !== undefined, {
    path: ["contrastive"],
    error: "needs a judge: without one it would look for wrong labels",
  });

export type GatesConfig = z.infer<typeof gatesSchema>;
export type JudgeConfig = z.infer<typeof judge>;
export type ContrastiveConfig = z.infer<typeof contrastive>;
export type QuotaConfig = z.infer<typeof quota>;
