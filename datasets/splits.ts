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

/** The split of a seed: a function of its id alone. */
export function splitOfSeed(seedId: string): Split {
  const hash = createHash("sha256").update(seedId).digest().readUInt32BE(0) / 2 ** 32;
  return BOUNDS.find(([, bound]) => hash < bound)![0];
}

/**
 * The split of an example: the one it states, else its seeds', else that of its own id; null where its seeds fall into
 * different splits, so that it belongs to none.
 */
export function splitOf(example: Pick<Example, "id" | "split" | "lineage">): Split | null {
  if (example.split !== undefined) return example.split;
  const seeds = example.lineage?.seedIds ?? [];
  const splits = new Set((seeds.length > 0 ? seeds : [example.id]).map(splitOfSeed));
  return splits.size === 1 ? [...splits][0]! : null;
}
