// The Vendi score (arXiv 2210.02410): the exponential of the entropy of the eigenvalues of K / n, K a kernel with ones
// on its diagonal. It reads as a number of different texts: 1 where all are the same, n where none shares anything.
// The kernel is the cosine of tf-idf vectors over what the n-gram model sees, tokens and pairs of neighbouring tokens,
// with idf = ln((1 + n) / (1 + df)) + 1 over the texts themselves.
import { eigenvalues } from "./eigenvalues.ts";
import { gramKeys } from "./tokens.ts";

/** Vendi score of texts (n) of token hashes, none of them empty: 1 to n. */
export function vendiScore(texts: readonly Int32Array[]): number {
  const n = texts.length;
  if (n === 0) throw new Error("vendiScore: needs at least one text, got 0");
  const values = eigenvalues(cosines(texts), n);
  let entropy = 0;
  for (const value of values) {
    const share = value / n;
    // Rounding can put an eigenvalue of 0 below it.
    if (share > 0) entropy -= share * Math.log(share);
  }
  return Math.exp(entropy);
}

/** (n × n) cosines of the texts' tf-idf vectors. */
function cosines(texts: readonly Int32Array[]): Float64Array {
  const n = texts.length;
  /** By feature: the texts that have it, and how often. */
  const postings = new Map<number, Map<number, number>>();
  for (const [i, text] of texts.entries()) {
    if (text.length === 0) throw new Error("vendiScore: requires texts that are not empty");
    for (const size of [1, 2]) {
      for (const gram of gramKeys(text, size)) {
        let found = postings.get(gram);
        if (found === undefined) postings.set(gram, (found = new Map()));
        found.set(i, (found.get(i) ?? 0) + 1);
      }
    }
  }
  const kernel = new Float64Array(n * n);
  for (const found of postings.values()) {
    const idf = Math.log((1 + n) / (1 + found.size)) + 1;
    const entries = [...found];
    for (const [i, a] of entries) for (const [j, b] of entries) kernel[i * n + j]! += a * b * idf * idf;
  }
  const norms = Float64Array.from({ length: n }, (_, i) => Math.sqrt(kernel[i * n + i]!));
  for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) kernel[i * n + j]! /= norms[i]! * norms[j]!;
  return kernel;
}
