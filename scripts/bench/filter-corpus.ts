// The documents that `cordon bench filter` runs over, written once as Cordon reads them (JSONL in zstd) and once as
// fastText does (a lower-cased, split line each).
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Example } from "#datasets/example";
import { expandGlobs } from "#datasets/files/globs";
import { readLines } from "#datasets/files/lines";
import { readExamples } from "#datasets/files/read-examples";
import { generate } from "#datasets/generate/generate";
import { readRecipe } from "#datasets/recipe";
import { findShards } from "#datasets/shards/shard-files";
import { ShardOutput } from "#datasets/shards/shard-output";

export const SHARED = { corpus: "../shared/data/corpus", train: "../shared/data/train" } as const;

export interface Document {
  id: string;
  source: string;
  text: string;
}

export interface BenchCorpus {
  documents: number;
  /** MB of JSONL before compression, and of fastText's lines. */
  jsonlMb: number;
  textMb: number;
  /** All of it in one shard, and in several. */
  shard: string;
  parts: string[];
  lines: string;
}

const PARTS = 4;
/** Level 3 is the zstd command's own, so what most shards come with. */
const LEVELS = { gz: 6, zst: 3 };

/** Text as fastText wants it: one line, lower case, a space between words and signs. */
export function fastTextLine(text: string): string {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+|[^\s\p{L}\p{N}]/gu) ?? []).join(" ");
}

/** Documents of the shards, up to `maxBytes` of text. */
export async function readDocuments(patterns: readonly string[], maxBytes: number): Promise<Document[]> {
  const documents: Document[] = [];
  let bytes = 0;
  for (const { path, name } of findShards(patterns)) {
    for await (const { line, text } of readLines(path)) {
      const row = JSON.parse(text) as Partial<Document>;
      if (typeof row.text !== "string") continue;
      documents.push({ id: `${name}:${line}`, source: row.source ?? name, text: row.text });
      bytes += row.text.length;
      if (bytes > maxBytes) return documents;
    }
  }
  return documents;
}

/** Documents made of the texts of examples, where there is nothing better: about 3,000 characters each. */
export function documentsOf(examples: readonly Example[]): Document[] {
  const documents: Document[] = [];
  let text = "";
  for (const example of examples) {
    text += `${example.text}\n`;
    if (text.length < 3000) continue;
    documents.push({ id: `made-${documents.length}`, source: "embedded", text });
    text = "";
  }
  return documents;
}

/** Labelled examples: those of the files, else the shared data's, else the embedded recipe's. */
export async function readBenchExamples(globs: string[] | undefined): Promise<Example[]> {
  const patterns = globs ?? (existsSync(SHARED.train) ? [`${SHARED.train}/*.jsonl.gz`] : null);
  if (patterns === null) return (await generate(await readRecipe("embedded"))).kept;
  const examples: Example[] = [];
  for (const file of await expandGlobs(patterns)) for await (const example of readExamples(file)) examples.push(example);
  return examples;
}

export function defaultCorpus(): string[] | null {
  return existsSync(SHARED.corpus) ? [SHARED.corpus] : null;
}

/** Writes the documents, repeated in their order until there are `minMb`, into `dir`. */
export function writeCorpus(dir: string, documents: readonly Document[], minMb: number): BenchCorpus {
  const shard = new ShardOutput(join(dir, "all.jsonl.zst"), LEVELS);
  const parts = Array.from({ length: PARTS }, (_, i) => new ShardOutput(join(dir, "parts", `${i}.jsonl.zst`), LEVELS));
  const lines = new ShardOutput(join(dir, "lines.txt"));
  const rows = documents.map((document) => Buffer.from(`${JSON.stringify(document)}\n`));
  const texts = documents.map(({ text }) => Buffer.from(`${fastTextLine(text)}\n`));
  let count = 0;
  while (shard.rawBytes < minMb * 1e6) {
    for (const [i, row] of rows.entries()) {
      shard.append(row);
      parts[Math.min(PARTS - 1, Math.floor((shard.rawBytes / (minMb * 1e6)) * PARTS))]!.append(row);
      lines.append(texts[i]!);
      count++;
    }
  }
  for (const output of [shard, lines, ...parts]) output.commit();
  return {
    documents: count,
    jsonlMb: shard.rawBytes / 1e6,
    textMb: lines.rawBytes / 1e6,
    shard: shard.path,
    parts: parts.map(({ path }) => path),
    lines: lines.path,
  };
}

/** One shard of `mb` MB that also holds a row of 50 MB. */
export function writeBigShard(path: string, documents: readonly Document[], mb: number): void {
  const output = new ShardOutput(path, { ...LEVELS, zst: 1 });
  const rows = documents.map((document) => Buffer.from(`${JSON.stringify(document)}\n`));
  const sentence = "A row that is far longer than any document should be. ";
  output.append(Buffer.from(`${JSON.stringify({ id: "long", text: sentence.repeat(Math.ceil(50e6 / sentence.length)) })}\n`));
  while (output.rawBytes < mb * 1e6) for (const row of rows) output.append(row);
  output.commit();
}
