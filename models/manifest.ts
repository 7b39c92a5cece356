// cordon.json: what a model package says of itself. No dates and no paths of one machine, so that the same data, seed
// and revision give the same bytes.
import { z } from "zod";

/** Version of the package format; a loader refuses newer ones. */
export const PACKAGE_FORMAT = 1;

const probability = z.number().min(0).max(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

const ngramArchitecture = z.object({
  kind: z.literal("ngram"),
  bits: z.number().int().min(10).max(24),
  charNgrams: z
    .object({ min: z.number().int().min(2), max: z.number().int().max(8) })
    .refine(({ min, max }) => min <= max, "min is over max")
    .nullable(),
  blockTokens: z.number().int(),
  rules: z.record(z.string(), z.object({ of: z.string(), words: z.array(z.string()) })),
});

/** How a document's score follows from its windows' (scorer.ts). */
export const AGGREGATES = ["max", "mean", "topk"] as const;
export type Aggregate = (typeof AGGREGATES)[number];

export const manifestSchema = z.object({
  format: z.literal(PACKAGE_FORMAT),
  cordonVersion: z.string(),
  name: z.string().min(1),
  description: z.string(),
  architecture: z.discriminatedUnion("kind", [ngramArchitecture]),
  labels: z.array(z.string()).min(1),
  aggregate: z.enum(AGGREGATES),
  /** By label: a score at or over `threshold` is detected; `rule` says how it was chosen, on what. */
  thresholds: z.record(z.string(), z.object({ threshold: probability, rule: z.string() })),
  /** By label, on the calibration split: [wanted, threshold] pairs; null where the split has no positives. */
  operatingPoints: z.record(
    z.string(),
    z.object({
      recall: z.array(z.tuple([probability, probability])),
      falsePositiveRate: z.array(z.tuple([probability, probability])),
    }),
  ),
  /** By label: Platt's slope and intercept over raw logits and the rows they were fitted on. */
  calibration: z.record(
    z.string(),
    z.object({
      method: z.enum(["platt", "none"]),
      slope: z.number(),
      intercept: z.number(),
      rows: z.number().int(),
      positives: z.number().int(),
    }),
  ),
  training: z.object({
    dataSha256: sha256,
    examples: z.number().int(),
    positives: z.record(z.string(), z.number().int()),
    gitRevision: z.string(),
    seed: z.number().int(),
    options: z.record(z.string(), z.unknown()),
  }),
  /** Metrics on the held-out lineages, by label. */
  heldOut: z.record(z.string(), z.record(z.string(), z.number().nullable())),
  /** SHA-256 of every other file of the package. */
  files: z.record(z.string(), sha256),
});

export type Manifest = z.infer<typeof manifestSchema>;
