// The second pass of a run with --max-removed: splits a shard by the scores that the first pass stored. Nothing is
// scored or parsed again: a row is a line that is not blank.
import { join } from "node:path";
import { isBlank, LineReader, lineEnd } from "#datasets/shards/line-reader";
import type { ShardFile } from "#datasets/shards/shard-files";
import { ShardInput } from "#datasets/shards/shard-input";
import { CordonError } from "#models/errors";
import { thresholdInBillionths, UNSCORED } from "./billionths.ts";
import type { ProgressReport, ShardJob } from "./filter-shard.ts";
import { RowSplitter } from "./row-splitter.ts";
import { outputName, scoresPath } from "./shard-outputs.ts";
import { readStoredScores } from "./stored-scores.ts";
import type { ShardLedger } from "./shard-ledger.ts";

/**
 * Writes documents/ and removed/ of a shard and returns its whole ledger entry. `scored` is the first pass's.
 * @throws CordonError data/unreadable where the shard is not what was scored
 */
export function splitShard(shard: ShardFile, job: ShardJob, scored: ShardLedger, progress: ProgressReport): ShardLedger {
  const started = performance.now();
  const { config, out } = job;
  const threshold = thresholdInBillionths(job.threshold!);
  const levels = { gz: config.gzipLevel, zst: config.zstdLevel };
  const names = { documents: outputName(config, "documents", shard.name), removed: outputName(config, "removed", shard.name) };
  const rows = { ...scored.rows, kept: 0, removed: 0 };
  const bytes = { ...scored.bytes, kept: 0, removed: 0 };
  const chars = { ...scored.chars, kept: 0, removed: 0 };
  const splitter = new RowSplitter(join(out, names.documents), join(out, names.removed), levels);
  const stored = new StoredRows(scoresPath(out, shard.name));
  let input: ShardInput | null = null;
  try {
    input = new ShardInput(shard.path);
    const reader = new LineReader(input, config.maxRowBytes);
    let inPiece = false;
    for (let block = reader.next(); block !== null; block = reader.next()) {
      if (block.kind === "piece") {
        if (!inPiece) stored.next();
        inPiece = !block.last;
        continue;
      }
      for (let at = block.start; at < block.end;) {
        const end = lineEnd(block, at);
        if (!isBlank(block.bytes, at, end)) {
          if (!stored.next()) throw changed(shard);
          const { score, codePoints } = stored;
          if (score !== UNSCORED) {
            const side = score >= threshold ? "removed" : "kept";
            rows[side]++;
            bytes[side] += end - at + 1;
            chars[side] += codePoints;
            splitter[side](block.bytes, at, end);
          }
        }
        at = end + 1;
      }
      splitter.endBlock();
      progress(input.position, rows.kept + rows.removed);
    }
    if (input.sha256() !== scored.input.sha256 || stored.next()) throw changed(shard);
    const sizes = splitter.commit();
    // The stored scores may be deleted when all is done.
    const { scores: _, ...kept } = scored.outputs;
    const outputs = {
      ...kept,
      documents: { path: names.documents, bytes: sizes.kept },
      removed: { path: names.removed, bytes: sizes.removed },
    };
    const seconds = scored.seconds + Math.round(performance.now() - started) / 1000;
    return { ...scored, threshold: job.threshold, rows, bytes, chars, outputs, seconds };
  } catch (error) {
    splitter.discard();
    throw error;
  } finally {
    stored.close();
    input?.close();
  }
}

function changed(shard: ShardFile): CordonError {
  return new CordonError("data/unreadable", "the shard changed between scoring and splitting", {
    where: shard.path,
    hint: "filter again into a new folder",
  });
}

/** Steps through the stored rows. */
class StoredRows {
  score = UNSCORED;
  codePoints = 0;
  readonly #blocks: Generator<Uint32Array>;
  #block: Uint32Array = new Uint32Array(0);
  #at = 0;

  constructor(path: string) {
    this.#blocks = readStoredScores(path);
  }

  /** False at the end. */
  next(): boolean {
    if (this.#at === this.#block.length) {
      const next = this.#blocks.next();
      if (next.done === true) return false;
      this.#block = next.value;
      this.#at = 0;
    }
    this.score = this.#block[this.#at]!;
    this.codePoints = this.#block[this.#at + 1]!;
    this.#at += 2;
    return true;
  }

  close(): void {
    this.#blocks.return(undefined);
  }
}
