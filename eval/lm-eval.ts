// Reads capability evaluations written by EleutherAI's lm-evaluation-harness, one run a filter threshold:
//   DIR/none/…/results_*.json    the model trained on the unfiltered corpus
//   DIR/0.5/…/results_*.json     trained on what a threshold of 0.5 kept
// or any folder names, told by DIR/thresholds.json {"folder": 0.5, "other": null}. Of each task the newest results file
// of the folder wins, by the time in its name, so that tasks may be run apart and run again. Accuracies are reported against chance: a filter that works drives a hazardous task
// to 0.25, not to 0. Format: results_<ISO time>.json, keys "acc,none" and "acc_stderr,none" (may be "N/A").
import { readdir, readFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { z } from "zod";
import { CordonError } from "#models/errors";

/** Accuracy by guessing, of the tasks here: all have four choices. */
export const CHANCE = 0.25;

export interface TaskAccuracy {
  /** 0 to 1. */
  accuracy: number;
  /** Standard error; null where the harness gives none. */
  stderr: number | null;
  /** (accuracy − chance) / (1 − chance): 0 is guessing, 1 is all right. */
  overChance: number;
  /** Questions; null where the harness does not say, as for groups in some versions. */
  n: number | null;
}

export interface CapabilityRun {
  /** Filter threshold of the corpus which the model was trained on; null for the unfiltered one. */
  threshold: number | null;
  /** The results files, newest first. */
  files: string[];
  /** By task or group name. */
  tasks: Record<string, TaskAccuracy>;
}

/** Whether a task measures what the filter should remove ("hazard") or what it should leave alone ("general"). */
export function kindOfTask(name: string): "hazard" | "general" {
  return name.startsWith("wmdp") ? "hazard" : "general";
}

const numeric = z.union([z.number(), z.string(), z.null()]);
const resultsSchema = z.looseObject({
  results: z.record(z.string(), z.looseObject({})),
  groups: z.record(z.string(), z.looseObject({})).optional(),
  "n-samples": z.record(z.string(), z.looseObject({ original: z.number().optional(), effective: z.number().optional() })).optional(),
});
const WANTED = /^(wmdp|mmlu)(_|$)/;

/**
 * The runs under a folder: the unfiltered one first, then by rising threshold.
 * Throws CordonError eval/unusable-result with the file at fault, usage/missing-file where the folder cannot be read.
 */
export async function readCapabilities(dir: string): Promise<CapabilityRun[]> {
  const entries = await readdir(dir, { withFileTypes: true }).catch((cause: unknown) => {
    throw new CordonError("usage/missing-file", "no folder of capability results", { where: dir, cause });
  });
  const mapping = await readMapping(join(dir, "thresholds.json"));
  const runs: CapabilityRun[] = [];
  for (const folder of entries.filter((e) => e.isDirectory()).map((e) => e.name)) {
    const path = join(dir, folder);
    runs.push({ threshold: thresholdOf(folder, mapping, path), ...(await readRun(path)) });
  }
  for (const name of Object.keys(mapping ?? {})) {
    if (!entries.some((e) => e.isDirectory() && e.name === name))
      throw bad("thresholds.json names a folder that is not there", join(dir, name));
  }
  if (runs.length === 0) throw bad("no folder of results, named by its threshold", dir, "write DIR/none/… and DIR/0.5/…");
  runs.sort((a, b) => (a.threshold ?? -1) - (b.threshold ?? -1));
  const twice = runs.find((run, i) => i > 0 && runs[i - 1]!.threshold === run.threshold);
  if (twice) throw bad(`two folders stand for the threshold ${twice.threshold ?? "none"}`, dir);
  return runs;
}

async function readMapping(file: string): Promise<Record<string, number | null> | undefined> {
  const text = await readFile(file, "utf8").catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return z.record(z.string(), z.number().min(0).max(1).nullable()).parse(JSON.parse(text));
  } catch (cause) {
    throw new CordonError("eval/unusable-result", "not a map of folders to thresholds", {
      where: file,
      hint: 'write {"folder": 0.5, "baseline": null}',
      cause,
    });
  }
}

function thresholdOf(folder: string, mapping: Record<string, number | null> | undefined, path: string): number | null {
  if (mapping) {
    if (!Object.hasOwn(mapping, folder)) throw bad("thresholds.json does not name this folder", path);
    return mapping[folder]!;
  }
  if (folder === "none") return null;
  const threshold = Number(folder);
  if (folder.trim() === "" || !(threshold >= 0 && threshold <= 1)) {
    throw bad("a folder of results must be named by its threshold, 0 to 1, or none", path, "or write thresholds.json beside it");
  }
  return threshold;
}

async function readRun(path: string): Promise<{ files: string[]; tasks: Record<string, TaskAccuracy> }> {
  const all = await readdir(path, { recursive: true });
  const results = all.filter((f) => /^results(_.*)?\.json$/.test(basename(f)));
  // The time in the name sorts as text; which model's folder it lies in does not count.
  results.sort((a, b) => (basename(a) > basename(b) ? -1 : basename(a) < basename(b) ? 1 : 0));
  if (results.length === 0) throw bad("no results_*.json", path);
  const models = new Set(results.map((f) => relative(path, join(path, f, ".."))));
  if (models.size > 1) throw bad(`results of ${models.size} models in one threshold's folder`, path, "keep one model a threshold");
  const tasks: Record<string, TaskAccuracy> = {};
  for (const name of results) {
    const file = join(path, name);
    Object.assign(tasks, parseResults(await readFile(file, "utf8"), file, new Set(Object.keys(tasks))));
  }
  if (Object.keys(tasks).length === 0) throw bad("no wmdp or mmlu task with an accuracy", join(path, results[0]!));
  return { files: results.map((name) => join(path, name)), tasks };
}

/** The wanted tasks and groups of one results file but those already `known`. Throws CordonError eval/unusable-result. */
export function parseResults(text: string, file: string, known: ReadonlySet<string> = new Set()): Record<string, TaskAccuracy> {
  let parsed: z.infer<typeof resultsSchema>;
  try {
    parsed = resultsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new CordonError("eval/unusable-result", "not a results file of lm-evaluation-harness", { where: file, cause });
  }
  const tasks: Record<string, TaskAccuracy> = {};
  // Groups repeat in results; an older harness has them in one of the two only.
  for (const [name, row] of Object.entries({ ...parsed.groups, ...parsed.results })) {
    if (!WANTED.test(name) || known.has(name)) continue;
    const samples = parsed["n-samples"]?.[name];
    if (samples?.effective !== undefined && samples.effective !== samples.original) {
      throw bad(`${name} was run on ${samples.effective} of ${samples.original} questions`, file, "run it again without --limit");
    }
    const accuracy = metric(row, "acc");
    if (accuracy === undefined) continue;
    if (accuracy === null || accuracy < 0 || accuracy > 1) throw bad(`${name} has no accuracy from 0 to 1`, file);
    const overChance = (accuracy - CHANCE) / (1 - CHANCE);
    tasks[name] = { accuracy, stderr: metric(row, "acc_stderr") ?? null, overChance, n: samples?.effective ?? null };
  }
  return tasks;
}

/** A metric under `name,none`, or under another filter's name; undefined where there is none, null where it is no number. */
function metric(row: Record<string, unknown>, name: string): number | null | undefined {
  const key = [`${name},none`, name, ...Object.keys(row).filter((k) => k.startsWith(`${name},`))].find((k) => Object.hasOwn(row, k));
  if (key === undefined) return undefined;
  const value = numeric.safeParse(row[key]).data;
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : null;
}

function bad(what: string, where: string, hint?: string): CordonError {
  return new CordonError("eval/unusable-result", what, { where, ...(hint !== undefined && { hint }) });
}
