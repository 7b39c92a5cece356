// How many rows of a set nearly are another row of it: Jaccard similarity of their sets of token 3-grams, exact, among a
// sample of a fixed size, as the rate grows with the number of rows. Pairs are found by prefix filtering (Bayardo et al.,
// 2007): texts as similar as asked for share one of their few rarest n-grams, so only those are indexed. (The gate of
// datasets/gates/ estimates by MinHash, over any number of rows, and only looks back; a sample can be exact.)
import { Random } from "#models/random";
import { draw, inOrder } from "./sample.ts";
import { gramKeys, tokensOf } from "./tokens.ts";

/** Similarity from which on two texts are near duplicates. */
const NEAR = 0.7;
const GRAM = 3;

export interface NearDuplicates {
  /** Rows looked at. */
  rows: number;
  /** Share of them whose text another one has too, ASCII case and spaces aside. */
  exact: number;
  /** Share of them that has a near duplicate, exact ones among them. */
  near: number;
}

/** Rates among `rows` of the texts, or all where there are fewer; null where there are not two. */
export function nearDuplicates(texts: readonly string[], rows: number, seed = 1): NearDuplicates | null {
  if (texts.length < 2) return null;
  const random = new Random(seed, "near-duplicates");
  const tokens = draw(inOrder(texts), Math.min(rows, texts.length), random).map((text) => tokensOf(text).hashes);
  const copies = Map.groupBy(tokens, String);
  const sets = tokens.map(gramSet);
  const frequency = new Map<number, number>();
  for (const set of sets) for (const gram of set) frequency.set(gram, (frequency.get(gram) ?? 0) + 1);
  const rarestFirst = sets.map((set) => [...set].sort((a, b) => frequency.get(a)! - frequency.get(b)! || a - b));

  const near = new Uint8Array(sets.length);
  const index = new Map<number, number[]>();
  for (const [i, grams] of rarestFirst.entries()) {
    const prefix = grams.slice(0, grams.length - Math.ceil(NEAR * grams.length) + 1);
    const candidates = new Set(prefix.flatMap((gram) => index.get(gram) ?? []));
    for (const j of candidates) {
      if (near[i] && near[j]) continue;
      if (jaccard(sets[i]!, sets[j]!) >= NEAR) near[i] = near[j] = 1;
    }
    for (const gram of prefix) {
      const found = index.get(gram);
      if (found === undefined) index.set(gram, [i]);
      else found.push(i);
    }
  }
  const exact = tokens.filter((text) => copies.get(String(text))!.length > 1).length;
  return { rows: sets.length, exact: exact / sets.length, near: near.reduce((sum, mark) => sum + mark, 0) / sets.length };
}

/** A text too short for an n-gram is one gram as a whole. */
function gramSet(hashes: Int32Array): Set<number> {
  return new Set(gramKeys(hashes, Math.max(1, Math.min(GRAM, hashes.length))));
}

function jaccard(a: ReadonlySet<number>, b: ReadonlySet<number>): number {
  let shared = 0;
  for (const gram of a) if (b.has(gram)) shared++;
  return shared / (a.size + b.size - shared);
}
