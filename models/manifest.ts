// cordon.json: what a model package says of itself. No dates and no paths of one machine, so that the same data, seed
// and revision give the same bytes.
import { z } from "zod";
import { EncoderConfigSchema } from "./encoder/config.ts";

/** The newest version of the package format; a loader refuses newer ones. */
export const PACKAGE_FORMAT = 2;

/** The format in which a kind of model is written: older versions of Cordon go on reading n-gram packages. */
export const FORMAT_OF = { ngram: 1, encoder: 2, cascade: 2 } as const;

const probability = z.number().min(0).max(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Labels that follow from another where a window holds one of the words. */
const labelRules = z.record(z.string(), z.object({ of: z.string(), words: z.array(z.string()) }));

const ngramArchitecture = z.object({
  kind: z.literal("ngram"),
  bits: z.number().int().min(10).max(24),
  charNgrams: z
    .object({ min: z.number().int().min(2), max: z.number().int().max(8) })
    .refine(({ min, max }) => min <= max, "min is over max")
    .nullable(),
  blockTokens: z.number().int(),
  rules: labelRules,
});

/** Numbers in which an encoder's graph is computed. */
export const PRECISIONS = ["fp32", "int8", "fp16"] as const;
export type Precision = (typeof PRECISIONS)[number];

/** What runs an encoder's graph. */
export const PROVIDERS = ["cpu", "webgpu", "cuda"] as const;
export type Provider = (typeof PROVIDERS)[number];

/** Metrics on the held-out lineages in one precision, by name; empty where they were not measured. */
const precisionMetrics = z.record(z.string(), z.number().nullable());

const encoderArchitecture = z.object({
  kind: z.literal("encoder"),
  config: EncoderConfigSchema,
  /** Longest window in tokens, special ones included. */
  maxTokens: z.number().int().positive(),
  /** `words`: the tokens of token-stream.ts, by the hashes in vocabulary.json. */
  tokenizer: z.enum(["tokenizer.json", "words"]),
  /** Labels that are no outputs of the network. */
  rules: labelRules,
  /** Of each precision that the package has a graph in. */
  precisions: z.object({ fp32: precisionMetrics, int8: precisionMetrics.optional(), fp16: precisionMetrics.optional() }),
  default: z.enum(["fp32", "int8"]),
});

const band = z.object({ low: z.number().min(0), high: z.number().min(0) });

/** How the two stages' logits of a label become one; see cascade/cascade-model.ts. */
const combination = z.object({
  alone: z.object({ slope: z.number().positive(), intercept: z.number() }),
  both: z.object({ first: z.number().min(0), second: z.number().min(0), intercept: z.number() }).nullable(),
  rule: z.boolean(),
});

const cascadeArchitecture = z.object({
  kind: z.literal("cascade"),
  /** The label by whose first-stage score a text goes to the second stage. */
  decides: z.string(),
  /** Escalated is what the first stage gives low ≤ p < high. */
  band,
  /** The share that was asked for, and what the band holds of the texts that it was chosen on. */
  escalate: z.object({ share: probability, measured: probability, texts: z.number().int(), on: z.enum(["calibration", "traffic"]) }),
  /** The best bands of other shares, by which quality is set against cost. */
  bands: z.array(band.extend({ share: probability })),
  combine: z.record(z.string(), combination),
});

/** How a document's score follows from its windows' (scorer.ts). */
export const AGGREGATES = ["max", "mean", "topk"] as const;
export type Aggregate = (typeof AGGREGATES)[number];

const manifestFields = z.object({
  format: z.union([z.literal(1), z.literal(2)]),
  cordonVersion: z.string(),
  name: z.string().min(1),
  description: z.string(),
  architecture: z.discriminatedUnion("kind", [ngramArchitecture, encoderArchitecture, cascadeArchitecture]),
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

export const manifestSchema = manifestFields.refine(({ format, architecture }) => format === FORMAT_OF[architecture.kind], {
  path: ["format"],
  message: "not the format of this kind of model",
});

export type Manifest = z.infer<typeof manifestSchema>;
/** A manifest as training makes it; what writes the package adds the rest. */
export type ManifestDraft = Omit<Manifest, "files" | "format">;
export type NgramArchitecture = z.infer<typeof ngramArchitecture>;
export type EncoderArchitecture = z.infer<typeof encoderArchitecture>;
export type CascadeArchitecture = z.infer<typeof cascadeArchitecture>;
export type Band = z.infer<typeof band>;
export type Combination = z.infer<typeof combination>;
