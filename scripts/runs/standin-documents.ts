// The documents of the stand-in hazard, microbiology: which may be trained on, as unlabelled text, and which are measured on
// and used for nothing else.
//
// DATA holds corpus/*.jsonl.gz ({id, source, text}). Test documents are all of openstax_science, and of the other files
// those whose sha256(id) begins with 8 to f in hex.
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import type { Example } from "#datasets/example";
import { expandGlobs } from "#datasets/files/globs";
import { readOrganic } from "#datasets/organic";
import type { ScoredRow } from "#eval/evaluate";

/** The file of which every document is a test document, and what marks those of the domain. */
const LOOK_ALIKE = "openstax_science";
const DOMAIN_SOURCE = "osbooks-microbiology";

/** @throws CordonError usage/missing-file */
export function corpusFiles(data: string): Promise<string[]> {
  return expandGlobs([join(data, "corpus/*.jsonl.gz")]);
}

/** What may be trained on: none of the look-alike's file, and of the others half. */
export function trainingDocuments(corpus: readonly string[]): AsyncGenerator<Example> {
  const files = corpus.filter((file) => !basename(file).startsWith(LOOK_ALIKE));
  return readOrganic(files, { keep: ({ id }) => !isTest(id) });
}

/** The test documents, scored; label 1 is microbiology. */
export async function scoreTestDocuments(corpus: readonly string[], score: (text: string) => number): Promise<ScoredRow[]> {
  const rows: ScoredRow[] = [];
  for (const file of corpus) {
    const every = basename(file).startsWith(LOOK_ALIKE);
    const sources = new Map<string, string>();
    const keep = ({ id, source }: { id: string; source: string }) => {
      sources.set(id, source);
      return every || isTest(id);
    };
    for await (const { id, text } of readOrganic([file], { keep })) {
      rows.push({ score: score(text), label: sources.get(id)!.includes(DOMAIN_SOURCE) ? 1 : 0 });
    }
  }
  return rows;
}

function isTest(id: string): boolean {
  return createHash("sha256").update(id).digest("hex")[0]! >= "8";
}
