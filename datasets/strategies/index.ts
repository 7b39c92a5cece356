// What a recipe makes, before any gate: its strategies one after the other, as candidates.
import type { Candidate } from "#datasets/candidate";
import { type Recipe, recipeHash } from "#datasets/recipe";
import type { Example } from "#datasets/example";
import { isDisguised } from "#datasets/transforms/layers";
import { type TransformOptions, transformExamples } from "#datasets/transforms/twins";
import { CordonError } from "#models/errors";
import { answersCandidates } from "./answers.ts";
import { codeclmCandidates } from "./codeclm.ts";
import { constitutionCandidates } from "./constitution.ts";
import type { StrategyContext } from "./context.ts";
import { dialogueCandidates } from "./dialogue.ts";
import { benchmarkRows, domainRows, grammarRows } from "./given.ts";
import { minimalPairsCandidates } from "./minimal-pairs.ts";
import { refineCandidates } from "./refine.ts";
import { rephraseCandidates } from "./rephrase.ts";
import { repliesCandidates } from "./replies.ts";
import type { Strategy } from "./sections.ts";
import { textbookCandidates } from "./textbook.ts";

/**
 * Every candidate of a recipe in the order of its strategies. The same recipe, seeds and answers give the same candidates,
 * whatever the order in which the answers come.
 * @throws CordonError
 */
export async function* candidates(recipe: Recipe, context: Omit<StrategyContext, "seed">): AsyncGenerator<Candidate> {
  refuseUnknownSeeds(recipe, context.seeds);
  const hash = recipeHash(recipe).slice(0, 16);
  const whole = { ...context, seed: recipe.seed };
  let stream: AsyncIterable<Candidate> = none();
  for (const strategy of recipe.strategies) {
    stream =
      strategy.kind === "transforms"
        ? withCopies(stream, { ...strategy, seed: recipe.seed })
        : chained(stream, () => candidatesOf(strategy, whole));
  }
  for await (const candidate of stream) {
    context.onCandidate?.(candidate);
    yield candidate.state === "row" ? { state: "row", row: withRecipe(candidate.row, hash) } : candidate;
  }
}

function candidatesOf(strategy: Exclude<Strategy, { kind: "transforms" }>, context: StrategyContext): AsyncGenerator<Candidate> {
  switch (strategy.kind) {
    case "grammar":
      return rows(grammarRows(strategy, context));
    case "benchmark":
      return rows(benchmarkRows(strategy, context));
    case "domain":
      return rows(domainRows(strategy, context));
    case "answers":
      return answersCandidates(strategy, context);
    case "constitution":
      return constitutionCandidates(strategy, context);
    case "codeclm":
      return codeclmCandidates(strategy, context);
    case "minimal-pairs":
      return minimalPairsCandidates(strategy, context);
    case "rephrase":
      return rephraseCandidates(strategy, context);
    case "textbook":
      return textbookCandidates(strategy, context);
    case "dialogue":
      return dialogueCandidates(strategy, context);
    case "refine":
      return refineCandidates(strategy, context);
    case "replies":
      return repliesCandidates(strategy, context);
  }
}

async function* none(): AsyncGenerator<Candidate> {}

async function* chained(first: AsyncIterable<Candidate>, second: () => AsyncIterable<Candidate>): AsyncGenerator<Candidate> {
  yield* first;
  yield* second();
}

/**
 * The candidates and, as soon as a harmful and a harmless row have met, their disguised copies. Memory: the rows between one
 * copy and the next.
 */
async function* withCopies(above: AsyncIterable<Candidate>, options: TransformOptions): AsyncGenerator<Candidate> {
  const held: Candidate[] = [];
  async function* originals(): AsyncGenerator<Example> {
    for await (const candidate of above) {
      held.push(candidate);
      if (candidate.state === "row" && !isDisguised(candidate.row)) yield candidate.row;
    }
  }
  for await (const row of transformExamples(originals(), options)) {
    yield* held.splice(0);
    yield { state: "row", row };
  }
  yield* held;
}

function refuseUnknownSeeds(recipe: Recipe, seeds: Readonly<Record<string, string>>): void {
  const known = recipe.strategies.flatMap((strategy) => seedNames(strategy));
  for (const name of Object.keys(seeds)) {
    if (known.includes(name)) continue;
    const hint = known.length === 0 ? "this recipe takes none" : `it has ${known.join(", ")}`;
    throw new CordonError("usage/bad-option", `the recipe ${recipe.name} has no seeds named ${name}`, { where: "--seeds", hint });
  }
}

/** The names under which `--seeds` replaces what a strategy reads. */
export function seedNames(strategy: Strategy): string[] {
  if ("seeds" in strategy) return [strategy.seeds];
  return "texts" in strategy && strategy.texts.seeds !== undefined ? [strategy.texts.seeds] : [];
}

async function* rows(examples: AsyncIterable<Example>): AsyncGenerator<Candidate> {
  for await (const row of examples) yield { state: "row", row };
}

function withRecipe(row: Example, recipe: string): Example {
  return { ...row, lineage: { seedIds: [], parents: [], ops: [], ...row.lineage, recipe } };
}
