// Row weights: how much each class and each source counts in the loss.

export interface BalanceOptions {
  /**
   * Examples of one source beyond which each further one counts less: a source of n > cap examples weighs √(n · cap)
   * in all. 0 leaves sources as they are.
   */
  sourceCap: number;
  /** Weight of each example of a source, by its name; 1 where it is not named. */
  sourceWeights: Readonly<Record<string, number>>;
  /** Power of negatives / positives that a positive weighs, 0 (none) to 1 (classes equal). */
  classPower: number;
}

/** (n) weight of each example by its source. */
export function sourceWeights(sources: readonly string[], { sourceCap: cap, sourceWeights: given }: BalanceOptions): Float32Array {
  const counts = new Map<string, number>();
  for (const source of sources) counts.set(source, (counts.get(source) ?? 0) + 1);
  return Float32Array.from(sources, (source) => (given[source] ?? 1) * (cap > 0 ? Math.min(1, Math.sqrt(cap / counts.get(source)!)) : 1));
}

/** Weight of a positive of a label with these weighted counts, at most 50. */
export function positiveWeight(positives: number, negatives: number, power: number): number {
  return positives === 0 ? 1 : Math.min(50, Math.max(1, (negatives / positives) ** power));
}
