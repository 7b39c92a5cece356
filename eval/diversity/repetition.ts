// How much a set says again: three of the figures that arXiv 2403.00553 finds to suffice.
import { gzipSync } from "node:zlib";
import { gramKeys } from "./tokens.ts";

/** Bytes of the texts, a line each, over their bytes after gzip at level 9: 1 or more, higher for more repetition. */
export function compressionRatio(texts: readonly Uint8Array[]): number {
  const lines = Buffer.concat(texts.flatMap((text) => [text, NEWLINE]));
  return lines.length / gzipSync(lines, { level: 9 }).length;
}

const NEWLINE = Uint8Array.of(10);

/**
 * Mean over the texts of ln(1 + Σ N), N the number of other texts in which one of its different n-grams stands (Salkar
 * et al., 2022): 0 where no text shares one. `texts` (n) of token hashes.
 */
export function selfRepetition(texts: readonly Int32Array[], n = 4): number {
  const grams = texts.map((text) => new Set(gramKeys(text, n)));
  const documents = new Map<number, number>();
  for (const own of grams) for (const gram of own) documents.set(gram, (documents.get(gram) ?? 0) + 1);
  let sum = 0;
  for (const own of grams) {
    let others = 0;
    for (const gram of own) others += documents.get(gram)! - 1;
    sum += Math.log1p(others);
  }
  return texts.length === 0 ? 0 : sum / texts.length;
}

/** Different n-grams over all n-grams (Li et al., 2016), 0 to 1; 0 where there is none. */
export function distinct(texts: readonly Int32Array[], n: number): number {
  const seen = new Set<number>();
  let total = 0;
  for (const text of texts) {
    for (const gram of gramKeys(text, n)) {
      seen.add(gram);
      total++;
    }
  }
  return total === 0 ? 0 : seen.size / total;
}
