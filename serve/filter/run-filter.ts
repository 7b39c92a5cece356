// Filters shards with a model package: from the inputs' names to the folder of results. See filter-shard.ts for
// one shard, worker-pool.ts for many, ledger.ts for what is accounted.
import { existsSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Compression } from "#datasets/shards/compression";
import { findShards, refuseCollisions, type ShardFile } from "#datasets/shards/shard-files";
import { FAST_LEVELS } from "#datasets/shards/shard-output";
import type { Aggregate, Manifest } from "#models/manifest";
import { MODEL_FILE, type ModelPackage } from "#models/package";
import { attributePart, configSha256, type FilterConfig } from "./filter-config.ts";
import { withLabels } from "./label-model.ts";
import { readShardLedger, type ShardLedger, type Totals, totals, writeJson } from "./ledger.ts";
import type { ShardTask } from "./protocol.ts";
import { openRunFolder } from "./run-folder.ts";
import { outputName, scoresPath } from "./shard-outputs.ts";
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
}

export const FILTER_DEFAULTS = { textField: "text", idField: "id", experiment: "cordon", zstdLevel: FAST_LEVELS.zst, maxRowBytes: 16 * 2 ** 20 } as const;

export interface FilterEvents extends Omit<PoolEvents, "progress"> {
  /** Bytes of the input files read and in all, in this pass. */
  progress(pass: ShardTask["kind"], fileBytes: number, totalBytes: number, rows: number, shardsDone: number): void;
}

export interface FilterResult {
  out: string;
  configSha256: string;
  model: FilterConfig["model"];
  category: string;
  /** Scores at or over it were removed; null where no shard could be scored. */
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
  const setup = { model: withLabels(model.model, config.labels), job: { out, config, configSha256: hash } };
  openRunFolder(out, config, options.resume);

  const failed: { shard: string; message: string }[] = [];
  const pass = async (tasks: ShardTask[]): Promise<ShardLedger[]> => {
    const bytes = tasks.reduce((sum, { shard }) => sum + shard.size, 0);
    const result = await runPool(tasks, options.workers, setup, {
      ...events,
      progress: (fileBytes, rows, done) => events.progress(tasks[0]!.kind, fileBytes, bytes, rows, done),
    });
    failed.push(...result.failed);
    return result.ledgers;
  };

  const chosen = await chooseThreshold(config, shards, out, hash, pass);
  const known = new Map<string, ShardLedger>();
  for (const shard of chosen.shards) {
    const ledger = readShardLedger(out, shard.name);
    if (ledger !== null && ledger.threshold === chosen.threshold && isCurrent(ledger, shard, hash) && hasOutputs(ledger, out)) known.set(shard.name, ledger);
  }
  const kind = config.rule.kind === "max-removed" ? "split" : "filter";
  const rest = chosen.shards.filter((shard) => !known.has(shard.name));
  const ledgers = await pass(rest.map((shard) => ({ kind, shard, threshold: chosen.threshold })));

  const result: FilterResult = {
    out,
    configSha256: hash,
    model: config.model,
    category: config.category,
    threshold: chosen.threshold,
    rule: config.rule.kind,
    shards: { total: shards.length, done: ledgers.length, skipped: known.size, failed: failed.sort((a, b) => (a.shard < b.shard ? -1 : 1)) },
    totals: totals([...known.values(), ...ledgers]),
    seconds: Math.round(performance.now() - started) / 1000,
  };
  writeJson(join(out, "ledger.json"), { format: 1, ...result, shardNames: shards.map(({ name }) => name) });
  return result;
}

/** The threshold and the shards it can be used on: with --max-removed, all that could be scored. */
async function chooseThreshold(
  config: FilterConfig,
  shards: readonly ShardFile[],
  out: string,
  hash: string,
  pass: (tasks: ShardTask[]) => Promise<ShardLedger[]>,
): Promise<{ threshold: number | null; shards: readonly ShardFile[] }> {
  if (config.rule.kind !== "max-removed") return { threshold: config.rule.threshold, shards };
  const isScored = (shard: ShardFile) => {
    const ledger = readShardLedger(out, shard.name, "scored");
    return ledger !== null && isCurrent(ledger, shard, hash) && hasOutputs(ledger, out) && existsSync(scoresPath(out, shard.name));
  };
  await pass(shards.filter((shard) => !isScored(shard)).map((shard) => ({ kind: "score", shard, threshold: null })));
  const scored = shards.filter(isScored);
  if (scored.length === 0) return { threshold: null, shards: [] };
  const paths = scored.map(({ name }) => scoresPath(out, name));
  return { threshold: thresholdForShare(paths, config.rule.share), shards: scored };
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
    model: { name: manifest.name, sha256: manifest.files[MODEL_FILE]! },
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
