// Runs a recipe: strategies → gates → a folder of examples.jsonl, drops.jsonl, manifest.json and croissant.json.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import type { Example } from "#datasets/example";
import { collect } from "#datasets/files/collect";
import { readObjects } from "#datasets/files/json-lines";
import { readExamples } from "#datasets/files/read-examples";
import type { Funnel } from "#datasets/gates/funnel";
import type { Drop, Gate } from "#datasets/gates/gate";
import { DROPS_FILE, type GateContext, passGates } from "#datasets/gates/pass-gates";
import { writeCroissant } from "#datasets/provenance/croissant";
import { type Recipe, recipeHash } from "#datasets/recipe";
import { sealKey } from "#datasets/sealing/key";
import type { StrategyContext } from "#datasets/strategies/context";
import { candidates } from "#datasets/strategies/index";
import { CordonError } from "#models/errors";
import { refuseForeignFolder, writeFolder } from "#models/output-folder";

export const GENERATION_FILE = "manifest.json";

/** topic → strategy → rows. */
export type Counts = Record<string, Record<string, number>>;

export interface GenerationManifest {
  format: 1;
  recipe: Recipe;
  recipeSha256: string;
  /** What stood for each name of seeds. */
  seeds: Record<string, string>;
  /** Evaluation sets beside the recipe's that no row shares text with. */
  decontaminated?: readonly string[];
  cordonVersion: string;
  gitRevision: string;
  rows: number;
  harmful: number;
  splits: Record<string, number>;
  counts: { harmful: Counts; harmless: Counts };
  dropped: Record<Gate, number>;
  /** What became of every candidate, by cell. */
  funnel: Funnel;
  /** Of what the file of examples holds, whether or not it is sealed. */
  examplesSha256: string;
}

export interface GenerateOptions extends Omit<StrategyContext, "seed">, Omit<GateContext, "config" | "seed" | "asker"> {
  cordonVersion: string;
  gitRevision: string;
  /** Day that croissant.json gives for the set, YYYY-MM-DD; by default 1970-01-01, so that no clock is read. */
  date?: string;
}

/**
 * Runs a recipe into a folder, whole or not at all. Memory: hashes and counts of the rows.
 * @returns the manifest, and the path of the examples
 * @throws CordonError
 */
export async function generateInto(
  dir: string,
  recipe: Recipe,
  options: GenerateOptions,
): Promise<{ manifest: GenerationManifest; examples: string }> {
  await refuseForeignFolder(dir, GENERATION_FILE);
  if (options.sealed) sealKey({ forWhat: dir }); // that there is none is told before the long part
  let manifest: GenerationManifest | undefined;
  let examples = "";
  await writeFolder(dir, GENERATION_FILE, async (folder) => {
    const { file, written, funnel, ...counted } = await passGates(candidates(recipe, options), folder, {
      ...options,
      config: recipe.gates,
      seed: recipe.seed,
    });
    if (counted.rows === 0) throw nothingLeft(counted.dropped);
    manifest = {
      format: 1,
      recipe,
      recipeSha256: recipeHash(recipe),
      seeds: { ...options.seeds },
      ...(options.decontaminate?.length ? { decontaminated: options.decontaminate } : {}),
      cordonVersion: options.cordonVersion,
      gitRevision: options.gitRevision,
      rows: counted.rows,
      harmful: counted.harmful,
      splits: counted.splits,
      counts: { harmful: keptOf(funnel, 1), harmless: keptOf(funnel, 0) },
      dropped: counted.dropped,
      funnel,
      examplesSha256: written.contentSha256,
    };
    await writeFile(join(folder, GENERATION_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
    await writeCroissant(folder, options.date ?? "1970-01-01");
    examples = join(dir, basename(file));
  });
  return { manifest: manifest!, examples };
}

/** An empty set is no result: above all it must not take the place of an earlier one. */
function nothingLeft(dropped: Record<Gate, number>): CordonError {
  const gates = Object.entries(dropped).filter(([, rows]) => rows > 0);
  if (gates.length === 0) return new CordonError("data/too-few-examples", "the recipe makes no row");
  const where = gates.map(([gate, rows]) => `${gate} ${rows}`).join(", ");
  return new CordonError("data/too-few-examples", `no row is left, so nothing is written; dropped by ${where}`, {
    hint: "docs/gates.md says what each gate drops",
  });
}

/** Runs a recipe by way of a temporary folder and reads the rows back, for what needs them all in memory. */
export async function generate(
  recipe: Recipe,
  seeds: Readonly<Record<string, string>> = {},
): Promise<{ kept: Example[]; drops: Drop[]; manifest: GenerationManifest }> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-generate-"));
  try {
    const out = join(folder, "out");
    const { manifest, examples } = await generateInto(out, recipe, { seeds, cordonVersion: "", gitRevision: "" });
    const drops = await collect(readObjects(join(out, DROPS_FILE)));
    return { kept: await collect(readExamples(examples)), drops: drops.map(({ row }) => row as unknown as Drop), manifest };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Rows kept of a label, by topic and strategy. */
function keptOf({ cells }: Funnel, label: 0 | 1): Counts {
  const counts: Counts = {};
  for (const cell of cells) {
    if (cell.label === label && cell.kept > 0) (counts[cell.topic] ??= {})[cell.strategy] = cell.kept;
  }
  return counts;
}
