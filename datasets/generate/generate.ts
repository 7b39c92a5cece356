// Runs a recipe: strategies → gates → a folder of examples.jsonl, manifest.json and drops.jsonl.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { benchmarkExamples } from "#datasets/benchmark/passages";
import { readConstitution } from "#datasets/constitution";
import { domainExamples, readDomain } from "#datasets/domains/domain";
import type { Example } from "#datasets/example";
import { grammarExamples } from "#datasets/grammar/grammar";
import { readFrames } from "#datasets/grammar/frames";
import { sha256File } from "#datasets/files/hash";
import { writeJsonl } from "#datasets/files/write-jsonl";
import { readQuestions } from "#datasets/seeds/index";
import type { Question } from "#datasets/seeds/question";
import { type Recipe, type Strategy, recipeHash } from "#datasets/recipe";
import { CordonError } from "#models/errors";
import { refuseForeignFolder, writeFolder } from "#models/output-folder";
import { type Drop, GATES, type Gate, passGates, strategyOf } from "./gates.ts";

export const EXAMPLES_FILE = "examples.jsonl";
export const GENERATION_FILE = "manifest.json";
export const DROPS_FILE = "drops.jsonl";

/** category (or `harmless`) → strategy → rows. */
export type Counts = Record<string, Record<string, number>>;

export interface GenerationManifest {
  format: 1;
  recipe: Recipe;
  recipeSha256: string;
  /** What stood for each name of seeds. */
  seeds: Record<string, string>;
  cordonVersion: string;
  gitRevision: string;
  rows: number;
  harmful: number;
  splits: Record<string, number>;
  counts: { harmful: Counts; harmless: Counts };
  dropped: Record<Gate, number>;
  examplesSha256: string;
}

export interface Generation {
  kept: Example[];
  drops: Drop[];
}

/** Runs a recipe in memory. @param seeds references by name, in the place of the recipe's own */
export async function generate(recipe: Recipe, seeds: Readonly<Record<string, string>> = {}): Promise<Generation> {
  const known = recipe.strategies.flatMap((s) => (s.kind === "benchmark" ? [s.seeds] : []));
  for (const name of Object.keys(seeds)) {
    if (known.includes(name)) continue;
    const hint = known.length === 0 ? "this recipe takes none" : `it has ${known.join(", ")}`;
    throw new CordonError("usage/bad-option", `the recipe ${recipe.name} has no seeds named ${name}`, { where: "--seeds", hint });
  }
  const rows: Example[] = [];
  for (const strategy of recipe.strategies) {
    for await (const row of strategyRows(strategy, recipe.seed, seeds)) rows.push(row);
  }
  return passGates(rows, recipe.gates);
}

async function* strategyRows(strategy: Strategy, seed: number, seeds: Readonly<Record<string, string>>): AsyncGenerator<Example> {
  switch (strategy.kind) {
    case "grammar": {
      const all = await readConstitution();
      const wanted = strategy.chapters ?? all.map((c) => c.category);
      refuseUnknown(
        "chapter",
        wanted,
        all.map((c) => c.category),
      );
      const chapters = all.filter((c) => wanted.includes(c.category));
      yield* grammarExamples(chapters, await readFrames(), {
        seed,
        actVariants: strategy.act_variants,
        postVariants: strategy.post_variants,
        pages: strategy.pages,
        prose: strategy.prose,
      });
      return;
    }
    case "domain":
      yield* domainExamples(await readDomain(strategy.domain), strategy.passages, seed);
      return;
    case "benchmark": {
      const questions: Question[] = [];
      for await (const question of readQuestions(strategy.format, seeds[strategy.seeds] ?? strategy.from)) questions.push(question);
      if (strategy.harmful !== "all") refuseUnknown("subject", strategy.harmful, [...new Set(questions.map((q) => q.subject))]);
      const isHarmful = (subject: string) => strategy.harmful === "all" || strategy.harmful.includes(subject);
      for (const label of [1, 0] as const) {
        const side = questions.filter((q) => isHarmful(q.subject) === (label === 1));
        const perQuestion =
          label === 1 ? strategy.passages_per_question : (strategy.passages_per_harmless_question ?? strategy.passages_per_question);
        const categories = label === 1 ? [...new Set(side.flatMap((q) => q.category ?? []))] : [];
        yield* benchmarkExamples(side, { seed, passagesPerQuestion: perQuestion, label, categories, license: strategy.license });
      }
    }
  }
}

/** A name that a recipe misspells would otherwise leave out its rows in silence. */
function refuseUnknown(what: string, names: readonly string[], known: readonly string[]): void {
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new CordonError("usage/bad-option", `the recipe names no such ${what}: ${unknown.join(", ")}`, {
    hint: `there are ${known.toSorted().join(", ")}`,
  });
}

/** Runs a recipe into a folder. @throws CordonError */
export async function generateInto(
  dir: string,
  recipe: Recipe,
  about: { seeds: Record<string, string>; cordonVersion: string; gitRevision: string },
): Promise<{ manifest: GenerationManifest; generation: Generation }> {
  await refuseForeignFolder(dir, GENERATION_FILE);
  const generation = await generate(recipe, about.seeds);
  const { kept, drops } = generation;
  const splits: Record<string, number> = {};
  for (const row of kept) splits[row.split!] = (splits[row.split!] ?? 0) + 1;
  const dropped = Object.fromEntries(GATES.map((gate) => [gate, drops.filter((d) => d.gate === gate).length])) as Record<Gate, number>;
  let manifest: GenerationManifest | undefined;
  await writeFolder(dir, GENERATION_FILE, async (folder) => {
    await writeJsonl(join(folder, EXAMPLES_FILE), kept);
    await writeJsonl(join(folder, DROPS_FILE), drops);
    manifest = {
      format: 1,
      recipe,
      recipeSha256: recipeHash(recipe),
      seeds: about.seeds,
      cordonVersion: about.cordonVersion,
      gitRevision: about.gitRevision,
      rows: kept.length,
      harmful: kept.filter((row) => row.label === 1).length,
      splits,
      counts: { harmful: countRows(kept, 1), harmless: countRows(kept, 0) },
      dropped,
      examplesSha256: await sha256File(join(folder, EXAMPLES_FILE)),
    };
    await writeFile(join(folder, GENERATION_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
  });
  return { manifest: manifest!, generation };
}

/** Rows of a label by chapter (the first seed's category) and strategy. */
function countRows(rows: readonly Example[], label: 0 | 1): Counts {
  const counts: Counts = {};
  for (const row of rows) {
    if (row.label !== label) continue;
    const chapter = row.source === "grammar" ? row.lineage!.seedIds[0]!.split("/")[0]! : (row.categories[0] ?? row.source ?? "unknown");
    const cell = (counts[chapter] ??= {});
    const strategy = strategyOf(row);
    cell[strategy] = (cell[strategy] ?? 0) + 1;
  }
  return counts;
}
