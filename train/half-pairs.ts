// Half pairs: rows that a source wrote against a twin which is not in the data, as where a set of contrastive pairs was
// split by rows. Nearly every word of such a row stands in its twin too, under the other label, so a model that learns
// the row answers the twin wrongly, wherever it meets it (docs/log.md: HatemojiBuild).
import type { Example } from "#datasets/example";

/**
 * The examples without the half pairs of natural sources. Synthetic ones stay: where their twin is missing, a gate has
 * dropped it, as a copy of a row that is there.
 */
export function withoutHalfPairs(examples: readonly Example[]): readonly Example[] {
  const sides = new Map<string, number>();
  for (const { pair } of examples) if (pair !== undefined) sides.set(pair, (sides.get(pair) ?? 0) + 1);
  if (sides.size === 0) return examples;
  return examples.filter(({ pair, synthetic }) => pair === undefined || synthetic || sides.get(pair)! > 1);
}
