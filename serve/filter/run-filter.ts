// Filters shards with a model package: from the inputs' names to the folder of results. See filter-shard.ts for
// one shard, worker-pool.ts for many, ledger.ts for what is accounted.
import { statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Compression } from "#datasets/shards/compression";
import { findShards, refuseCollisions, type ShardFile } from "#datasets/shards/shard-files";
import { FAST_LEVELS } from "#datasets/shards/shard-output";
import type { Aggregate, Manifest } from "#models/manifest";
import { narrowed } from "#models/narrowed-model";
import type { ModelPackage } from "#models/package";
import { MODEL_FILE, sha256 } from "#models/package-files";
import { openScorer, refuseUnfitOptions, type ScorerOptions } from "#models/scorer";
import { attributePart, configSha256, type FilterConfig } from "./filter-config.ts";
import { type Totals, totals, writeJson } from "./ledger.ts";
import type { ShardTask } from "./protocol.ts";
import { openRunFolder } from "./run-folder.ts";
import { outputName, scoresPath } from "./shard-outputs.ts";
import { readShardLedger, type ShardLedger } from "./shard-ledger.ts";
import { thresholdForShare } from "./stored-scores.ts";
import { type ThresholdChoice, thresholdRule } from "./threshold-rule.ts";
import { type PoolEvents, runPool } from "./worker-pool.ts";
import packageJson from "#package" with { type: "json" };

export interface FilterOptions extends ThresholdChoice {
  input: readonly string[];
  out: string;
  category?: string | undefined;
  aggregate?: Aggregate | undefined;
  workers: number;
  textField: string;
  idField: string;
  experiment: string;
  compression?: Compression | undefined;
  zstdLevel: number;
  maxRowBytes: number;
  allLabels: boolean;
  resume: boolean;
  /** How an encoder is run. */
  scorer?: ScorerOptions;
}

export const FILTER_DEFAULTS = {
  textField: "text",
  idField: "id",
  experiment: "cordon",
  zstdLevel: FAST_LEVELS.zst,
  maxRowBytes: 16 * 2 ** 20,
} as const;

export interface FilterEvents extends Omit<PoolEvents, "progress"> {
  /** Bytes of the input files read and in all, in this pass. */
  progress(pass: ShardTask["kind"], fileBytes: number, totalBytes: number, rows: number, shardsDone: number): void;
}

export interface FilterResult {
  out: string;
  configSha256: string;
  model: FilterConfig["model"];
  category: string;
  /** Scores at or over it were removed; null with --scores-only, or where no shard could be scored. */
  threshold: number | null;
  rule: FilterConfig["rule"]["kind"];
  /** `skipped` were done by an earlier run. */
  shards: { total: number; done: number; skipped: number; failed: { shard: string; message: string }[] };
  totals: Totals;
  seconds: number;
}

/**
 * Filters the inputs into `options.out` and writes ledger.json there. Shards that fail are in the result, not thrown.
 * @throws CordonError usage/*, model/no-such-label, filter/other-run
 */
export async function runFilter(options: FilterOptions, model: ModelPackage, events: FilterEvents): Promise<FilterResult> {
  const started = performance.now();
  const out = resolve(options.out);
  const shards = findShards(options.input, out);
  const config = filterConfig(options, model.manifest, shards);
  const hash = configSha256(config);
  refuseCollisions(shards, (name) => outputName(config, "documents", name));
  const scorer = options.scorer ?? {};
  refuseUnfitOptions(model.model, scorer);
  const setup = { model: narrowed(model.model, config.labels), scorer, job: { out, config, configSha256: hash } };
  // An encoder that cannot be run here is told once, and not by each shard.
  if (setup.model.kind !== "ngram") (await openScorer(setup.model, scorer)).close?.();
  openRunFolder(out, config, options.resume);

  const current = (shard: ShardFile, stage: "done" | "scored"): ShardLedger | null => {
    const ledger = readShardLedger(out, shard.name, stage);
    return ledger !== null && isCurrent(ledger, shard, hash) && hasOutputs(ledger, out) ? ledger : null;
  };

  /** Runs the shards that an earlier run has not done. */
  const pass = async (kind: ShardTask["kind"], wanted: readonly ShardFile[], threshold: number | null): Promise<Pass> => {
    const known: ShardLedger[] = [];
    const tasks: ShardTask[] = [];
    for (const shard of wanted) {
      const ledger = current(shard, kind === "score" ? "scored" : "done");
      if (ledger !== null && ledger.threshold === threshold) known.push(ledger);
      else tasks.push({ kind, shard, threshold, scored: kind === "split" ? current(shard, "scored") : null });
    }
    const bytes = tasks.reduce((sum, { shard }) => sum + shard.size, 0);
    const { ledgers, failed } = await runPool(tasks, options.workers, setup, {
      ...events,
      progress: (fileBytes, rows, done) => events.progress(kind, fileBytes, bytes, rows, done),
    });
    return { known, done: ledgers, failed };
  };

  const { rule } = config;
  let threshold: number | null = null;
  let final: Pass;
  if (rule.kind === "max-removed" || rule.kind === "scores-only") {
    final = await pass("score", shards, null);
    if (rule.kind === "max-removed") {
      const names = new Set([...final.known, ...final.done].map(({ shard }) => shard));
      const scored = shards.filter(({ name }) => names.has(name));
      if (scored.length > 0)
        threshold = thresholdForShare(
          scored.map(({ name }) => scoresPath(out, name)),
          rule.share,
        );
      // A threshold that moved, because a shard could be scored now that could not before, splits all shards again.
      const split = await pass("split", scored, threshold);
      final = { ...split, failed: [...final.failed, ...split.failed] };
    }
  } else {
    threshold = rule.threshold;
    final = await pass("filter", shards, threshold);
  }

  const result: FilterResult = {
    out,
    configSha256: hash,
    model: config.model,
    category: config.category,
    threshold,
    rule: rule.kind,
    shards: {
      total: shards.length,
      done: final.done.length,
      skipped: final.known.length,
      failed: final.failed.sort((a, b) => (a.shard < b.shard ? -1 : 1)),
    },
    totals: totals([...final.known, ...final.done]),
    seconds: Math.round(performance.now() - started) / 1000,
  };
  writeJson(join(out, "ledger.json"), { format: 1, ...result, shardNames: shards.map(({ name }) => name) });
  return result;
}

interface Pass {
  /** Done by an earlier run, and by this one. */
  known: ShardLedger[];
  done: ShardLedger[];
  failed: { shard: string; message: string }[];
}

function isCurrent(ledger: ShardLedger, shard: ShardFile, hash: string): boolean {
  return ledger.configSha256 === hash && ledger.input.bytes === shard.size && ledger.input.modifiedMs === shard.modifiedMs;
}

/** Whether the outputs that an entry names are still there, in their sizes. */
function hasOutputs(ledger: ShardLedger, out: string): boolean {
  return Object.values(ledger.outputs).every(({ path, bytes }) => statSync(join(out, path), { throwIfNoEntry: false })?.size === bytes);
}

function filterConfig(options: FilterOptions, manifest: Manifest, shards: readonly ShardFile[]): FilterConfig {
  const category = options.category ?? manifest.labels[0]!;
  const rule = thresholdRule(options, manifest, category);
  return {
    format: 1,
    cordonVersion: packageJson.version,
    model: { name: manifest.name, sha256: manifest.files[MODEL_FILE] ?? sha256(Buffer.from(JSON.stringify(manifest.files))) },
    ...inferenceOf(options.scorer),
    category,
    aggregate: options.aggregate ?? manifest.aggregate,
    rule: rule.kind === "max-removed" ? { ...rule, inputs: shards.map(({ name, size, modifiedMs }) => [name, size, modifiedMs]) } : rule,
    textField: options.textField,
    idField: options.idField,
    experiment: options.experiment,
    tagger: attributePart(manifest.name),
    labels: options.allLabels ? [category, ...manifest.labels.filter((label) => label !== category)] : [category],
    compression: options.compression ?? null,
    gzipLevel: FAST_LEVELS.gz,
    zstdLevel: options.zstdLevel,
    maxRowBytes: options.maxRowBytes,
  };
}

/** What of the options changes scores: not the number of threads. */
function inferenceOf({ precision, provider }: ScorerOptions = {}): Pick<FilterConfig, "inference"> {
  if (precision === undefined && provider === undefined) return {};
  return { inference: { ...(precision && { precision }), ...(provider && { provider }) } };
}
