// Splits by seed lineage: every variant of a seed falls into the same split, so that a held-out row is never a near-copy
// of a training row.
import { createHash } from "node:crypto";
import type { Example, Split } from "./example.ts";

/** Shares of the splits, in order: 80 % train, 10 % calibration, 10 % test. */
const BOUNDS: [Split, number][] = [
  ["train", 0.8],
  ["calibration", 0.9],
  ["test", 1],
];

/** Seeds come again and again: each has dozens of variants. */
const known = new Map<string, Split>();
const MOST_KNOWN = 100_000;

/** The split of a seed: a function of its id alone. */
export function splitOfSeed(seedId: string): Split {
  let split = known.get(seedId);
  if (split === undefined) {
    const hash = createHash("sha256").update(seedId).digest().readUInt32BE(0) / 2 ** 32;
    split = BOUNDS.find(([, bound]) => hash < bound)![0];
    if (known.size >= MOST_KNOWN) known.clear();
    known.set(seedId, split);
  }
  return split;
}

/**
 * The split of an example: the one it states, else its seeds', else its pair's, else that of its own id; null where its
 * seeds fall into different splits, so that it belongs to none.
 */
export function splitOf(example: Pick<Example, "id" | "split" | "pair" | "lineage">): Split | null {
  if (example.split !== undefined) return example.split;
  const seeds = example.lineage?.seedIds ?? [];
  const splits = new Set((seeds.length > 0 ? seeds : [example.pair ?? example.id]).map(splitOfSeed));
  return splits.size === 1 ? [...splits][0]! : null;
}
