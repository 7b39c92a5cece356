// cordon run collapse: what becomes of the grammar's data when a model's own picks are the next generation's data, put in
// the place of what was there (replaced) or beside it (accumulated; arXiv 2404.01413). A second draw of the grammar, as
// large as the first and inspected in the same way, shows what the alarms make of no disease at all.
import * as aq from "arquero";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Example } from "#datasets/example";
import { collect } from "#datasets/files/collect";
import { readExamples } from "#datasets/files/read-examples";
import { writeFileAtomically } from "#datasets/files/write-file";
import { writeJsonl } from "#datasets/files/write-jsonl";
import { EXAMPLES_FILE } from "#datasets/gates/pass-gates";
import { generateInto } from "#datasets/generate/generate";
import { labelledFiles } from "#datasets/labelled-files";
import { readRecipe } from "#datasets/recipe";
import { splitOf } from "#datasets/splits";
import { readIdentities } from "#eval/bias/identity-terms";
import { draw } from "#eval/diversity/sample";
import { ALARM_DEFAULTS, tellAlarm } from "#eval/generations/alarms";
import { type GenerationResult, measureGeneration, type Yardstick } from "#eval/generations/collapse";
import { INSPECTION_DEFAULTS } from "#eval/generations/inspection";
import { nextGeneration } from "#eval/generations/next-generation";
import { collapseSeries, renderCollapse } from "#eval/report/collapse-page";
import { setNames } from "#eval/set-name";
import { CordonError } from "#models/errors";
import { Random } from "#models/random";
import { CORDON_VERSION, gitRevision } from "#scripts/about";
import { trainJudge } from "#scripts/judge";
import { Progress, table } from "#scripts/output";

export interface CollapseOptions {
  out: string;
  generations: number;
  /** Rows of generation 0, and of each that replaces another. */
  rows: number;
  /** Labelled files by which each generation's classifier is measured too. */
  eval: readonly string[];
  /** What makes generation 0: a recipe's name or file. */
  recipe: string;
}

const SEED = 1;
/** Texts written for each that is picked, and words of the language model's longest n-gram. */
const CANDIDATES = 4;
const ORDER = 3;
/** Held-out rows at most. */
const HELD_OUT = 4000;
const HELD_OUT_SET = "held out";

export interface CollapseResult {
  format: 1;
  recipe: string;
  seed: number;
  cordonVersion: string;
  gitRevision: string;
  candidates: number;
  order: number;
  generations: GenerationResult[];
}

/** @throws CordonError */
export async function runCollapse(options: CollapseOptions): Promise<{ result: CollapseResult; text: string }> {
  const { out } = options;
  const progress = new Progress();
  const outside = await readSets(options.eval);
  const { first, fresh, heldOut } = await drawGrammar(options);
  progress.update("generation 0");
  const firstJudge = await trainJudge(first, "generation 0", SEED);
  const yardstick: Yardstick = {
    first,
    firstJudge,
    heldOut,
    sets: { [HELD_OUT_SET]: heldOut, ...outside },
    identities: await readIdentities(),
    settings: { ...INSPECTION_DEFAULTS, seed: SEED, topics: false },
    thresholds: ALARM_DEFAULTS,
  };
  const zero = measureGeneration({ source: "first", generation: 0, rows: first, dropped: 0, judge: firstJudge }, yardstick, null);
  const results = [
    zero,
    measureGeneration(
      { source: "fresh", generation: 0, rows: fresh, dropped: 0, judge: await trainJudge(fresh, "a fresh draw", SEED) },
      yardstick,
      zero,
    ),
  ];
  const rows = { 1: count(first, 1), 0: count(first, 0) };
  for (const source of ["replaced", "accumulated"] as const) {
    let current: readonly Example[] = first;
    let judge = firstJudge;
    for (let generation = 1; generation <= options.generations; generation++) {
      progress.update(`generation ${generation}, ${source}`);
      const next = nextGeneration(current, judge.score, { generation, rows, candidates: CANDIDATES, order: ORDER, seed: SEED });
      await writeJsonl(join(out, source, `generation-${generation}.jsonl`), next.rows);
      current = source === "replaced" ? next.rows : [...current, ...next.rows];
      judge = await trainJudge(current, `generation ${generation}, ${source}`, SEED);
      results.push(measureGeneration({ source, generation, rows: current, dropped: next.dropped, judge }, yardstick, zero));
    }
  }
  progress.done(`${options.generations} generations, twice`);

  const result: CollapseResult = {
    format: 1,
    recipe: options.recipe,
    seed: SEED,
    cordonVersion: CORDON_VERSION,
    gitRevision: gitRevision(),
    candidates: CANDIDATES,
    order: ORDER,
    generations: results,
  };
  await writeFileAtomically(join(out, "results.json"), `${JSON.stringify(result, null, 2)}\n`);
  await writeFileAtomically(join(out, "results.csv"), `${aq.from(collapseSeries(results)).toCSV().trimEnd()}\n`);
  await writeFileAtomically(join(out, "report.html"), renderCollapse(results));
  return { result, text: describe(results, resolve(out, "report.html")) };
}

/** Two samples of the recipe's training rows that share none, and one of its held-out rows. */
async function drawGrammar({ out, rows, recipe }: CollapseOptions): Promise<Record<"first" | "fresh" | "heldOut", Example[]>> {
  const folder = join(out, "grammar");
  await generateInto(folder, await readRecipe(recipe), { seeds: {}, cordonVersion: CORDON_VERSION, gitRevision: gitRevision() });
  const all = await collect(readExamples(join(folder, EXAMPLES_FILE)));
  const held = all.filter((row) => splitOf(row) === "test");
  const training = all.filter((row) => splitOf(row) !== "test");
  if (training.length < 2 * rows || held.length === 0) {
    throw new CordonError("data/too-few-examples", `the recipe makes ${training.length} rows to train on, ${2 * rows} are needed`, {
      hint: "ask for fewer --rows",
    });
  }
  const random = new Random(SEED, "collapse");
  const drawn = draw(training, 2 * rows, random);
  return { first: drawn.slice(0, rows), fresh: drawn.slice(rows), heldOut: draw(held, Math.min(HELD_OUT, held.length), random) };
}

async function readSets(references: readonly string[]): Promise<Record<string, Example[]>> {
  const files = await labelledFiles(references);
  const names = setNames(files.map((file) => file.path));
  const sets: Record<string, Example[]> = {};
  for (const [i, file] of files.entries()) {
    const rows = await collect(file.read());
    if (count(rows, 0) > 0 && count(rows, 1) > 0) sets[names[i]!] = rows;
    else process.stderr.write(`${names[i]} is left out: it has rows of one label only\n`);
  }
  return sets;
}

function count(rows: readonly Example[], label: 0 | 1): number {
  return rows.filter((row) => row.label === label).length;
}

function describe(results: readonly GenerationResult[], report: string): string {
  const series = collapseSeries(results);
  const columns = Object.keys(series[0]!);
  const rows = series.map((row) =>
    columns.map((name) => {
      const value = row[name];
      return typeof value === "number" ? (Number.isInteger(value) ? String(value) : value.toFixed(3)) : (value ?? "–");
    }),
  );
  const told = results.flatMap((result) =>
    result.alarms.map((alarm) => `ALARM  ${result.source} ${result.generation}  ${tellAlarm(alarm)}`),
  );
  return `${table(columns, rows)}

${told.length === 0 ? "no alarm" : told.join("\n")}

figures are means over both labels, where they are by label; a fresh draw of the grammar is what no disease looks like
report:  ${pathToFileURL(report).href}`;
}
