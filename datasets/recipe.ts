// A recipe: what to generate, from which seeds, and how to train on it. YAML, checked, with line numbers in errors.
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readYaml } from "#datasets/files/read-yaml";
import { CordonError } from "#models/errors";

const RECIPE_FOLDER = fileURLToPath(new URL("recipes/", import.meta.url));

const count = z.number().int().min(0);

const grammarStrategy = z.strictObject({
  kind: z.literal("grammar"),
  /** Chapters of the constitution by name; all of them by default. */
  chapters: z.array(z.string()).optional(),
  act_variants: count.default(5),
  post_variants: count.default(4),
  pages: count.default(60),
  prose: count.default(60),
});

const benchmarkStrategy = z.strictObject({
  kind: z.literal("benchmark"),
  /** The name under which `--seeds NAME=REF` puts other seeds in the place of `from`. */
  seeds: z.string(),
  /** A path or `hf:owner/name[/config][:split]`. */
  from: z.string(),
  format: z.enum(["mmlu", "wmdp"]),
  /** Subjects whose questions are harmful, or all. */
  harmful: z.union([z.literal("all"), z.array(z.string())]),
  /** Recombined passages per question (of the harmful side, where the other one has its own figure). */
  passages_per_question: z.number().min(0).max(100).default(1),
  passages_per_harmless_question: z.number().min(0).max(100).optional(),
  license: z.string(),
});

const domainStrategy = z.strictObject({
  kind: z.literal("domain"),
  /** A description in datasets/domains/ by name, or a file. */
  domain: z.string(),
  /** Passages of each side. */
  passages: count.default(4000),
});

/** Options of `cordon train` that a recipe sets; a flag on the command line goes before. */
const trainSection = z.strictObject({
  labels: z.enum(["all", "harmful"]).optional(),
  bits: z.number().int().min(10).max(24).optional(),
  char_ngrams: z.union([z.literal("none"), z.string().regex(/^\d-\d$/)]).optional(),
  epochs: z.number().int().min(1).optional(),
  learning_rate: z.number().positive().optional(),
  l2: z.number().min(0).optional(),
  min_count: z.number().int().min(1).optional(),
  source_cap: count.optional(),
  class_power: z.number().min(0).max(1).optional(),
  aggregate: z.enum(["max", "mean", "topk"]).optional(),
  threshold_rule: z.string().optional(),
  /** Unlabelled documents: how much of each is read, and what it weighs. */
  organic_characters: count.optional(),
  organic_weight: z.number().positive().max(1).optional(),
});

export const recipeSchema = z.strictObject({
  name: z.string().regex(/^[\w-]+$/),
  description: z.string(),
  seed: z.number().int().min(0).default(1),
  strategies: z.array(z.discriminatedUnion("kind", [grammarStrategy, benchmarkStrategy, domainStrategy])).min(1),
  gates: z
    .strictObject({ min_characters: count.default(2), max_characters: count.default(20000) })
    .default({ min_characters: 2, max_characters: 20000 }),
  train: trainSection.default({}),
});

export type Recipe = z.infer<typeof recipeSchema>;
export type Strategy = Recipe["strategies"][number];
export type TrainSection = Recipe["train"];

/** A recipe that ships with Cordon, by name, or a file. @throws CordonError */
export async function readRecipe(nameOrFile: string): Promise<Recipe> {
  const own = join(RECIPE_FOLDER, `${nameOrFile}.yaml`);
  if (/^[\w-]+$/.test(nameOrFile) && existsSync(own)) return readYaml(own, recipeSchema);
  if (!existsSync(nameOrFile)) {
    throw new CordonError("usage/missing-file", "no such recipe", {
      where: nameOrFile,
      hint: `a file, or one of ${(await recipeNames()).join(", ")}`,
    });
  }
  return readYaml(nameOrFile, recipeSchema);
}

/** Names of the recipes that ship with Cordon. */
export async function recipeNames(): Promise<string[]> {
  return (await readdir(RECIPE_FOLDER))
    .filter((name) => name.endsWith(".yaml"))
    .map((name) => name.slice(0, -5))
    .sort();
}

/** SHA-256 of what a recipe says, whatever its layout. */
export function recipeHash(recipe: Recipe): string {
  return createHash("sha256").update(JSON.stringify(recipe)).digest("hex");
}
