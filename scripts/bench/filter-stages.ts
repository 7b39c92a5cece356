// Where the time of a filter worker goes: CPU nanoseconds a byte of JSONL, stage by stage, each measured as what a run
// with it takes longer than one without. A program of its own, for `cordon bench filter` to pin.
//   node scripts/bench/filter-stages.ts MODEL SHARD SCRATCH_FOLDER
import { isUtf8 } from "node:buffer";
import { statSync } from "node:fs";
import { LineReader, lineEnd } from "#datasets/shards/line-reader";
import { RowScanner } from "#datasets/shards/row-scanner";
import { ShardInput } from "#datasets/shards/shard-input";
import { FAST_LEVELS } from "#datasets/shards/shard-output";
import { ngramOf } from "#models/loaded-model";
import { NgramScorer } from "#models/ngram/scorer";
import { loadPackage } from "#models/package";
import type { FilterConfig } from "#serve/filter/filter-config";
import { filterShard } from "#serve/filter/filter-shard";
import { withLabels } from "#models/ngram/label-model";
import { FILTER_DEFAULTS } from "#serve/filter/run-filter";
import { median } from "#scripts/bench/timed-process";

export interface FilterStages {
  /** CPU nanoseconds a byte of JSONL. */
  decompress: number;
  /** Lines and the check for UTF-8. */
  lines: number;
  /** Grammar, fields and the text's escapes. */
  scan: number;
  score: number;
  /** Attributes, the copies of the rows and what writing them uncompressed takes. */
  write: number;
  compress: number;
  total: number;
}

const ROUNDS = 5;

export async function measureStages(dir: string, path: string, scratch: string): Promise<FilterStages> {
  const { manifest, model } = await loadPackage(dir);
  const category = manifest.labels[0]!;
  const scorer = new NgramScorer(withLabels(ngramOf(model), [category]));
  const scanner = new RowScanner({ text: "text", id: "id" });
  let bytes = 0;

  const read = () => {
    const input = new ShardInput(path);
    const buffer = Buffer.allocUnsafe(1 << 20);
    bytes = 0;
    for (let count = input.read(buffer, 0, buffer.length); count > 0; count = input.read(buffer, 0, buffer.length)) bytes += count;
    input.close();
  };
  const rows = (each: (bytes: Buffer, start: number, end: number) => void) => {
    const input = new ShardInput(path);
    const reader = new LineReader(input, FILTER_DEFAULTS.maxRowBytes);
    for (let block = reader.next(); block !== null; block = reader.next()) {
      if (!isUtf8(block.bytes.subarray(block.start, block.end))) throw new Error("measureStages: the shard is not UTF-8");
      for (let at = block.start; at < block.end;) {
        const end = lineEnd(block, at);
        each(block.bytes, at, end);
        at = end + 1;
      }
    }
    input.close();
  };
  const filter = (compression: FilterConfig["compression"]) => {
    const { size, mtimeMs } = statSync(path);
    const config: FilterConfig = {
      ...FILTER_DEFAULTS,
      format: 1,
      cordonVersion: manifest.cordonVersion,
      model: { name: manifest.name, sha256: "" },
      category,
      aggregate: manifest.aggregate,
      rule: { kind: "threshold", threshold: 0.5 },
      tagger: "bench",
      labels: [category],
      compression,
      gzipLevel: FAST_LEVELS.gz,
    };
    filterShard(
      { path, name: "x.jsonl.zst", size, modifiedMs: mtimeMs },
      { out: scratch, config, configSha256: "", threshold: 0.5 },
      scorer,
      () => {},
    );
  };
  const steps: (() => void)[] = [
    read,
    () => rows(() => {}),
    () => rows((row, start, end) => scanner.scan(row, start, end)),
    () =>
      rows((row, start, end) => {
        scanner.scan(row, start, end);
        scorer.score(scanner.textBytes, scanner.textStart, scanner.textEnd);
      }),
    () => filter("none"),
    () => filter("zst"),
  ];
  const times = steps.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round++) {
    for (const [i, step] of steps.entries()) {
      const before = process.cpuUsage();
      step();
      const { user, system } = process.cpuUsage(before);
      if (round > 0) times[i]!.push(((user + system) * 1000) / bytes);
    }
  }
  const at = times.map(median);
  const since = (i: number) => at[i]! - at[i - 1]!;
  return { decompress: at[0]!, lines: since(1), scan: since(2), score: since(3), write: since(4), compress: since(5), total: at[5]! };
}

if (import.meta.main) {
  const [model, shard, scratch] = process.argv.slice(2);
  process.stdout.write(JSON.stringify(await measureStages(model!, shard!, scratch!)));
}
