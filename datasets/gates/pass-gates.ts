// The flow of candidates through the gates, in three passes over files, so that memory holds hashes and counts and never the
// rows:
//   1  generator … contradiction: every candidate once; what passes goes to a spool (screening.ts)
//   2  near-duplicate … consistency: over the spool, since a contradicted row must not hide others (sifting.ts)
//   3  contrastive and quota: over what is left, since they choose among all of it
// Each row ends in examples.jsonl or, with its gate and reason, in drops.jsonl.
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Candidate } from "#datasets/candidate";
import type { Split } from "#datasets/example";
import type { Asker } from "#datasets/generators/asker";
import type { Written } from "#datasets/files/write-text";
import { SEALED } from "#datasets/sealing/sealed-name";
import { loadClassifier } from "./classifier.ts";
import type { GatesConfig } from "./config.ts";
import { applyContrastive } from "./contrastive.ts";
import { Decontamination } from "./decontamination.ts";
import { evaluationFiles } from "./evaluation-files.ts";
import type { Funnel } from "./funnel.ts";
import type { Gate } from "./gate.ts";
import { Ledger } from "./ledger.ts";
import { NearDuplicates } from "./near-duplicates.ts";
import { openJudge } from "./open-judge.ts";
import { applyQuota } from "./quota.ts";
import { RowFile } from "./row-file.ts";
import { Screening } from "./screening.ts";
import { sift, winnow } from "./sifting.ts";

export const EXAMPLES_FILE = "examples.jsonl";
export const DROPS_FILE = "drops.jsonl";

export interface GateContext {
  config: GatesConfig;
  /** The recipe's: it draws the judge's code words. */
  seed: number;
  /** Asks the judge's generator. */
  asker?: Asker | undefined;
  /** Evaluation sets beside those of the recipe. */
  decontaminate?: readonly string[] | undefined;
  /** Seals the examples and all that holds text on the way to them, under the environment's key. */
  sealed?: boolean | undefined;
  onProgress?: ((what: string, rows: number) => void) | undefined;
}

export interface Passed {
  /** The file of the examples. */
  file: string;
  written: Written;
  rows: number;
  harmful: number;
  splits: Record<string, number>;
  dropped: Record<Gate, number>;
  funnel: Funnel;
}

/**
 * Passes candidates through the gates into `folder`. The same candidates, answers and options give the same bytes.
 * @throws CordonError of the candidates, the evaluation sets, the judge and the models
 */
export async function passGates(
  candidates: Iterable<Candidate> | AsyncIterable<Candidate>,
  folder: string,
  context: GateContext,
): Promise<Passed> {
  const { config } = context;
  const name = (file: string) => join(folder, context.sealed ? `${file}${SEALED}` : file);
  // What can be refused is refused before the long part.
  const sets = await evaluationFiles([...config.decontaminate.against, ...(context.decontaminate ?? [])]);
  const judge = config.judge && (await openJudge(config.judge, context));
  const current = config.contrastive && (await loadClassifier(config.contrastive.model));
  const decontamination = sets.length === 0 ? undefined : new Decontamination(config.decontaminate.words);
  const { near_duplicate } = config;

  const open: RowFile[] = [];
  const create = (path: string) => {
    const file = new RowFile(path);
    open.push(file);
    return file;
  };
  try {
    const drops = create(join(folder, DROPS_FILE));
    const ledger = new Ledger(drops);
    const { table } = ledger;

    let passed = create(name("screened.jsonl"));
    const screening = new Screening(ledger, config, decontamination);
    let taken = 0;
    for await (const candidate of candidates) {
      const full = screening.take(candidate, passed);
      if (full !== undefined) await full;
      if (++taken % 1000 === 0) context.onProgress?.("candidates", taken);
    }
    let written = await passed.close();

    /** Hands the rows that passed so far through `work` into another file. */
    const next = async (file: string, work: (from: string, out: RowFile) => Promise<void>) => {
      const from = passed.path;
      passed = create(name(file));
      await work(from, passed);
      written = await passed.close();
      await rm(from);
    };
    const seeksSimilar = near_duplicate !== "off" && (near_duplicate.rows === "all" || table.written > 0);
    if (table.failed > 0 || seeksSimilar || decontamination !== undefined || judge !== undefined) {
      if (decontamination !== undefined)
        for (const texts of sets) for await (const text of texts()) decontamination.add(text.name, text.text);
      const near = seeksSimilar ? { index: new NearDuplicates(near_duplicate), all: near_duplicate.rows === "all" } : undefined;
      const onJudged = (rows: number) => context.onProgress?.("judged", rows);
      await next("sifted.jsonl", (from, out) => sift(from, ledger, { near, decontamination, judge, current, onJudged }, out));
    }
    if (config.contrastive !== undefined) applyContrastive(table, config.contrastive);
    applyQuota(table, ledger.counter.cells, config.quota);
    if (table.failed > 0) await next("chosen.jsonl", (from, out) => winnow(from, ledger, out));

    await drops.close();
    const file = name(EXAMPLES_FILE);
    await rename(passed.path, file);
    return { file, written, ...summary(ledger, config, written.rows) };
  } catch (error) {
    await Promise.all(open.map((file) => file.abandon()));
    throw error;
  }
}

function summary({ table, counter }: Ledger, config: GatesConfig, rows: number): Omit<Passed, "file" | "written"> {
  const splits: Partial<Record<Split, number>> = {};
  let harmful = 0;
  for (let row = 0; row < table.length; row++) {
    if (!table.running(row)) continue;
    harmful += table.label(row);
    const split = table.split(row);
    splits[split] = (splits[split] ?? 0) + 1;
  }
  const funnel = counter.funnel(config.quota);
  const kept = funnel.cells.reduce((sum, cell) => sum + cell.kept, 0);
  if (kept !== rows) throw new Error(`passGates: ${rows} rows are written, but candidates less drops are ${kept}`);
  return { rows, harmful, splits, dropped: counter.dropped(), funnel };
}
