// Filters one shard in one pass: bytes → lines → the text's UTF-8 → score → raw copy of the row to documents/ or
// removed/, its attributes beside. Memory is bounded by the longest allowed row, whatever the shard's size. Whatever
// cannot be read fails closed: it goes to quarantine/, never to documents/.
import { isUtf8 } from "node:buffer";
import { join, relative } from "node:path";
import { isBlank, type LineBlock, lineEnd, LineReader } from "#datasets/shards/line-reader";
import { type FieldSpan, RowScanner } from "#datasets/shards/row-scanner";
import type { ShardFile } from "#datasets/shards/shard-files";
import { ShardInput } from "#datasets/shards/shard-input";
import { ShardOutput } from "#datasets/shards/shard-output";
import { aggregatedScores, type DocumentScorer } from "#models/document-score";
import { AttributeWriter } from "./attribute-writer.ts";
import { HISTOGRAM_BINS, histogramBin, thresholdInBillionths, toBillionths, UNSCORED } from "./billionths.ts";
import type { FilterConfig } from "./filter-config.ts";
import { type FailureReason, QuarantineWriter } from "./quarantine-writer.ts";
import { RowSplitter } from "./row-splitter.ts";
import { outputName, scoresPath } from "./shard-outputs.ts";
import { StoredScoresWriter } from "./stored-scores.ts";
import type { ShardLedger } from "./shard-ledger.ts";

export interface ShardJob {
  out: string;
  config: FilterConfig;
  configSha256: string;
  /** Scores at or over it are removed; null to score only and store the scores. */
  threshold: number | null;
}

export type ProgressReport = (fileBytes: number, rows: number) => void;

const NO_FIELD: FieldSpan = { start: -1, end: -1, kind: "other" };
const NO_BYTES = new Uint8Array(0);

/**
 * Filters a shard and returns its ledger entry, outputs in place; the entry itself is for the caller to write.
 * @throws CordonError data/unreadable where the shard is damaged; nothing of its outputs is left then.
 */
export function filterShard(shard: ShardFile, job: ShardJob, scorer: DocumentScorer, progress: ProgressReport): ShardLedger {
  return new ShardFilter(shard, job, scorer).run(progress);
}

class ShardFilter {
  readonly #shard: ShardFile;
  readonly #job: ShardJob;
  readonly #scorer: DocumentScorer;
  readonly #scanner: RowScanner;
  readonly #category: number;
  readonly #threshold: number;
  readonly #splitter: RowSplitter | null = null;
  readonly #stored: StoredScoresWriter | null = null;
  readonly #attributeFile: ShardOutput;
  readonly #attributes: AttributeWriter;
  readonly #quarantine: QuarantineWriter;
  readonly #ledger: ShardLedger;
  #line = 0;
  #inPiece = false;

  constructor(shard: ShardFile, job: ShardJob, scorer: DocumentScorer) {
    const { config, out } = job;
    const levels = { gz: config.gzipLevel, zst: config.zstdLevel };
    const target = (kind: "documents" | "removed" | "attributes" | "quarantine") => join(out, outputName(config, kind, shard.name));
    this.#shard = shard;
    this.#job = job;
    this.#scorer = scorer;
    this.#scanner = new RowScanner({ text: config.textField, id: config.idField });
    this.#category = scorer.labels.indexOf(config.category);
    this.#threshold = job.threshold === null ? 0 : thresholdInBillionths(job.threshold);
    if (job.threshold === null) this.#stored = new StoredScoresWriter(scoresPath(out, shard.name));
    else this.#splitter = new RowSplitter(target("documents"), target("removed"), levels);
    this.#attributeFile = new ShardOutput(target("attributes"), levels);
    const labels = config.labels.map((name) => ({ name, index: scorer.labels.indexOf(name) }));
    this.#attributes = new AttributeWriter(this.#attributeFile, { ...config, labels }, shard.name);
    this.#quarantine = new QuarantineWriter(target("quarantine"), levels);
    this.#ledger = {
      format: 1,
      shard: shard.name,
      configSha256: job.configSha256,
      input: { path: shard.path, bytes: 0, modifiedMs: 0, sha256: "" },
      threshold: job.threshold,
      rows: { in: 0, kept: 0, removed: 0, failed: 0 },
      blankLines: 0,
      failures: {},
      bytes: { in: 0, kept: 0, removed: 0, failed: 0 },
      chars: { in: 0, kept: 0, removed: 0 },
      histogram: new Array<number>(HISTOGRAM_BINS).fill(0),
      outputs: {},
      seconds: 0,
    };
  }

  run(progress: ProgressReport): ShardLedger {
    const started = performance.now();
    const ledger = this.#ledger;
    let input: ShardInput | null = null;
    try {
      input = new ShardInput(this.#shard.path);
      const reader = new LineReader(input, this.#job.config.maxRowBytes);
      for (let block = reader.next(); block !== null; block = reader.next()) {
        if (block.kind === "lines") this.#lines(block);
        else this.#piece(block);
        progress(input.position, ledger.rows.in);
      }
      ledger.input = { path: input.path, bytes: input.position, modifiedMs: input.modifiedMs, sha256: input.sha256() };
      this.#commit();
    } catch (error) {
      this.#discard();
      throw error;
    } finally {
      input?.close();
    }
    ledger.seconds = Math.round(performance.now() - started) / 1000;
    return ledger;
  }

  #lines(block: LineBlock): void {
    const { bytes, start, end } = block;
    const { maxRowBytes } = this.#job.config;
    // Checked for the whole block at once: a line end cannot lie inside a character.
    const valid = isUtf8(bytes.subarray(start, end));
    for (let at = start; at < end;) {
      const stop = lineEnd(block, at);
      this.#line++;
      if (stop - at > maxRowBytes) this.#fail(block, at, stop, "too-long");
      else if (!valid && !isUtf8(bytes.subarray(at, stop))) this.#fail(block, at, stop, "not-utf8");
      else this.#row(block, at, stop);
      at = stop + 1;
    }
    this.#splitter?.endBlock();
  }

  #row(block: LineBlock, start: number, end: number): void {
    const { bytes } = block;
    const scanner = this.#scanner;
    const fault = scanner.scan(bytes, start, end);
    if (fault !== null) {
      if (fault === "not-json" && isBlank(bytes, start, end)) this.#ledger.blankLines++;
      else this.#fail(block, start, end, fault);
      return;
    }
    const score = this.#scorer.score(scanner.textBytes, scanner.textStart, scanner.textEnd);
    const { aggregate } = this.#job.config;
    const value = toBillionths(aggregatedScores(score, aggregate)[this.#category]!);
    this.#attributes.scored(bytes, scanner.id, scanner.source, this.#line, score);

    const { rows, chars, bytes: sizes, histogram } = this.#ledger;
    const size = end - start + 1;
    rows.in++;
    sizes.in += size;
    chars.in += score.codePoints;
    if (score.escalated !== undefined) this.#ledger.escalated = (this.#ledger.escalated ?? 0) + (score.escalated ? 1 : 0);
    histogram[histogramBin(value)]!++;
    if (this.#stored !== null) this.#stored.append(value, score.codePoints);
    else if (value >= this.#threshold) {
      rows.removed++;
      sizes.removed += size;
      chars.removed += score.codePoints;
      this.#splitter!.removed(bytes, start, end);
    } else {
      rows.kept++;
      sizes.kept += size;
      chars.kept += score.codePoints;
      this.#splitter!.kept(bytes, start, end);
    }
  }

  #fail(block: LineBlock, start: number, end: number, reason: FailureReason): void {
    this.#openFailure(block, block.offset + start - block.start, reason);
    this.#quarantine.add(block.bytes, start, end);
    this.#ledger.bytes.in += end - start + 1;
    this.#ledger.bytes.failed += end - start + 1;
    this.#quarantine.end();
  }

  #openFailure(block: LineBlock, offset: number, reason: FailureReason): void {
    const ledger = this.#ledger;
    ledger.rows.in++;
    ledger.rows.failed++;
    ledger.failures[reason] = (ledger.failures[reason] ?? 0) + 1;
    this.#stored?.append(UNSCORED, 0);
    const scanned = reason !== "not-utf8" && reason !== "too-long";
    const { id, source } = this.#scanner;
    this.#attributes.failed(scanned ? block.bytes : NO_BYTES, scanned ? id : NO_FIELD, scanned ? source : NO_FIELD, this.#line, reason);
    this.#quarantine.begin(this.#line, offset, reason);
  }

  /** A row that is longer than allowed comes in pieces, straight to the quarantine. */
  #piece(block: LineBlock): void {
    if (!this.#inPiece) {
      this.#line++;
      this.#openFailure(block, block.offset, "too-long");
    }
    this.#quarantine.add(block.bytes, block.start, block.end);
    const size = block.end - block.start + (block.last ? 1 : 0);
    this.#ledger.bytes.in += size;
    this.#ledger.bytes.failed += size;
    if (block.last) this.#quarantine.end();
    this.#inPiece = !block.last;
  }

  #commit(): void {
    const { outputs } = this.#ledger;
    const { config } = this.#job;
    const note = (kind: "documents" | "removed" | "attributes" | "quarantine", bytes: number) => {
      outputs[kind] = { path: outputName(config, kind, this.#shard.name), bytes };
    };
    this.#attributes.flush();
    this.#attributeFile.commit();
    note("attributes", this.#attributeFile.fileBytes);
    const quarantined = this.#quarantine.commit();
    if (quarantined !== null) note("quarantine", quarantined);
    if (this.#stored !== null) {
      this.#stored.commit();
      outputs["scores"] = { path: relative(this.#job.out, this.#stored.path), bytes: this.#stored.bytes };
    }
    if (this.#splitter === null) return;
    const { kept, removed } = this.#splitter.commit();
    note("documents", kept);
    note("removed", removed);
  }

  #discard(): void {
    this.#attributeFile.discard();
    this.#quarantine.discard();
    this.#stored?.discard();
    this.#splitter?.discard();
  }
}
