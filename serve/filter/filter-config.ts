// The whole configuration of a filter run: what decides its output, and nothing else. Its hash names the run: --resume
// goes on in a folder only under the same one.
import { createHash } from "node:crypto";
import { z } from "zod";
import { COMPRESSIONS } from "#datasets/shards/compression";
import { AGGREGATES, PRECISIONS, PROVIDERS } from "#models/manifest";

export const filterConfigSchema = z.object({
  format: z.literal(1),
  cordonVersion: z.string(),
  model: z.object({ name: z.string(), sha256: z.string() }),
  /** How an encoder was run, where it was not left to the package: each gives scores of its own in the last digits. */
  inference: z.object({ precision: z.enum(PRECISIONS).optional(), provider: z.enum(PROVIDERS).optional() }).optional(),
  category: z.string(),
  aggregate: z.enum(AGGREGATES),
  /** `threshold` is null with maxRemoved until all shards are scored; it is then in the ledger, not here. */
  rule: z.discriminatedUnion("kind", [
    z.object({ kind: z.literal("threshold"), threshold: z.number() }),
    z.object({ kind: z.literal("target-recall"), recall: z.number(), threshold: z.number() }),
    /** The inputs belong to the rule: another shard would move the quantile. */
    z.object({ kind: z.literal("max-removed"), share: z.number(), inputs: z.array(z.tuple([z.string(), z.number(), z.number()])) }),
    z.object({ kind: z.literal("scores-only") }),
  ]),
  textField: z.string(),
  idField: z.string(),
  experiment: z.string(),
  tagger: z.string(),
  /** Labels whose attributes are written; the category is the first. */
  labels: z.array(z.string()).min(1),
  /** null: each output as its input. */
  compression: z.enum(COMPRESSIONS).nullable(),
  gzipLevel: z.number().int(),
  zstdLevel: z.number().int(),
  maxRowBytes: z.number().int(),
});

export type FilterConfig = z.infer<typeof filterConfigSchema>;

export function configSha256(config: FilterConfig): string {
  return createHash("sha256")
    .update(JSON.stringify(filterConfigSchema.parse(config)))
    .digest("hex");
}

/** A name as a part of an attribute's name: Dolma separates the parts by `__`. */
export function attributePart(name: string): string {
  return name.replace(/[^A-Za-z0-9.-]+/g, "_").replace(/^_+|_+$/g, "") || "cordon";
}
