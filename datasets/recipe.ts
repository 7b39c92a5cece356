// A recipe: what to generate, from which seeds, and how to train on it. YAML, checked, with line numbers in errors.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { sha256Text } from "#datasets/files/hash";
import { readYaml } from "#datasets/files/read-yaml";
import { generatorsSchema, resolveGenerators } from "#datasets/generators/config";
import { gatesSchema } from "#datasets/gates/config";
import { count, generatorsOf, NEEDS_GENERATOR, type Strategy, strategySchema } from "#datasets/strategies/sections";
import { CordonError } from "#models/errors";

const RECIPE_FOLDER = fileURLToPath(new URL("recipes/", import.meta.url));

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

/** Options of `cordon finetune` that a recipe sets; a flag on the command line goes before. */
const finetuneSection = z.strictObject({
  size: z.string().optional(),
  vector_epochs: count.optional(),
  labels: z.enum(["all", "harmful"]).optional(),
  max_tokens: z.number().int().min(4).optional(),
  windows_per_text: z.number().int().min(1).optional(),
  pooling: z.enum(["cls", "mean"]).optional(),
  epochs: z.number().int().min(1).optional(),
  batch_size: z.number().int().min(1).optional(),
  micro_tokens: z.number().int().min(1).optional(),
  learning_rate: z.number().positive().optional(),
  warmup: z.number().min(0).max(1).optional(),
  schedule: z.enum(["linear", "cosine", "constant"]).optional(),
  layer_decay: z.number().positive().max(1).optional(),
  weight_decay: z.number().min(0).optional(),
  clip: z.number().min(0).optional(),
  dropout: z.number().min(0).max(0.9).optional(),
  smoothing: z.number().min(0).max(0.5).optional(),
  harmful_weight: z.number().positive().max(1).optional(),
  class_power: z.number().min(0).max(1).optional(),
  source_cap: count.optional(),
  soft_labels: z.boolean().optional(),
  teacher_weight: z.number().min(0).max(1).optional(),
  patience: count.optional(),
  evaluations: z.number().int().min(1).optional(),
  aggregate: z.enum(["max", "mean", "topk"]).optional(),
  threshold_rule: z.string().optional(),
  precision: z.enum(["auto", "fp32", "int8"]).optional(),
  /** Unlabelled documents: how much of each is read, and what it weighs. */
  organic_characters: count.optional(),
  organic_weight: z.number().positive().max(1).optional(),
});

const fields = z.strictObject({
  name: z.string().regex(/^[\w-]+$/),
  description: z.string(),
  seed: z.number().int().min(0).default(1),
  /** The language models that strategies and the judge ask, by name. */
  generators: generatorsSchema.optional(),
  strategies: z.array(strategySchema).min(1),
  gates: gatesSchema.prefault({}),
  train: trainSection.default({}),
  finetune: finetuneSection.optional(),
});

export const recipeSchema = fields.superRefine((recipe, context) => {
  const known = Object.keys(recipe.generators ?? {});
  const judge = recipe.gates.judge?.generator;
  if (judge !== undefined && !known.includes(judge)) {
    context.addIssue({ code: "custom", path: ["gates", "judge", "generator"], message: unknownGenerator(judge, known) });
  }
  for (const [i, strategy] of recipe.strategies.entries()) {
    if (i === 0 && strategy.kind === "transforms") {
      const message = "transforms copies the rows of the strategies above it, and there are none";
      context.addIssue({ code: "custom", path: ["strategies", i, "kind"], message });
    }
    for (const { path, message } of generatorMistakes(strategy, known)) {
      context.addIssue({ code: "custom", path: ["strategies", i, ...path], message });
    }
  }
});

export type Recipe = z.infer<typeof recipeSchema>;
export type TrainSection = Recipe["train"];
export type FinetuneSection = z.infer<typeof finetuneSection>;

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

/** What is wrong in how a strategy names its generators. */
function generatorMistakes(strategy: Strategy, known: readonly string[]): { path: string[]; message: string }[] {
  const named = generatorsOf(strategy);
  const mistakes = named
    .filter(({ name }) => !known.includes(name))
    .map(({ path, name }) => ({ path, message: unknownGenerator(name, known) }));
  if (named.length > 2) mistakes.push({ path: ["generator"], message: "stands beside `generators`: take one of them" });
  if (named.length === 0 && NEEDS_GENERATOR.has(strategy.kind)) {
    mistakes.push({ path: ["kind"], message: `${strategy.kind} needs a \`generator\`, or \`generators\` of both sides` });
  }
  if (named.length === 0 && "texts" in strategy && strategy.texts.from !== undefined && !NEEDS_GENERATOR.has(strategy.kind)) {
    mistakes.push({
      path: ["texts", "from"],
      message: "needs a `generator`: without one, only the constitution's situations are worked on",
    });
  }
  if (named.length > 0 && !("license" in strategy && strategy.license !== undefined)) {
    mistakes.push({ path: ["kind"], message: "needs a `license`: the terms under which the model's texts may be used" });
  }
  return mistakes;
}

function unknownGenerator(name: string, known: readonly string[]): string {
  return `no generator is called ${name}: ${known.length === 0 ? "the recipe has none" : `there are ${known.join(", ")}`}`;
}

/** The generators that a recipe asks, of those it has. */
export function generatorsInUse(recipe: Recipe): string[] {
  const named = [...recipe.strategies.flatMap((strategy) => generatorsOf(strategy).map(({ name }) => name)), recipe.gates.judge?.generator];
  return Object.keys(recipe.generators ?? {}).filter((name) => named.includes(name));
}

/**
 * A recipe with the variables of its generators replaced: what is hashed and run.
 * @param where the recipe's name or file, for messages
 * @throws CordonError usage/bad-option for a variable that is not set
 */
export function resolveRecipe(recipe: Recipe, where: string, env: NodeJS.ProcessEnv = process.env): Recipe {
  return recipe.generators === undefined ? recipe : { ...recipe, generators: resolveGenerators(recipe.generators, where, env) };
}

/** SHA-256 of what a recipe says, whatever its layout. */
export function recipeHash(recipe: Recipe): string {
  return sha256Text(JSON.stringify(recipe));
}
