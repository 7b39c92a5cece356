// Samples of a set that do not depend on the order in which its rows came, of one size and one length: figures of
// diversity grow with both (arXiv 2403.00553, section 4), so only like is compared with like.
import { compareText } from "#models/compare-text";
import type { Random } from "#models/random";
import { tokensOf, type Tokens } from "./tokens.ts";

/** The texts in an order of their own, as a place to draw from. */
export function inOrder(texts: readonly string[]): string[] {
  return texts.toSorted(compareText);
}

/** The first `tokens` tokens of each text that has as many; shorter ones are left out. */
export function cut(texts: readonly string[], tokens: number): Tokens[] {
  return texts.flatMap((text) => {
    const whole = tokensOf(text);
    if (whole.hashes.length < tokens) return [];
    return [
      {
        bytes: whole.bytes.subarray(whole.starts[0], whole.ends[tokens - 1]),
        hashes: whole.hashes.subarray(0, tokens),
        starts: whole.starts.subarray(0, tokens),
        ends: whole.ends.subarray(0, tokens),
      },
    ];
  });
}

/** `count` different rows of a list (count <= its length), in the order drawn. */
export function draw<T>(rows: readonly T[], count: number, random: Random): T[] {
  const taken = new Map<number, number>();
  return Array.from({ length: count }, (_, i) => {
    const j = i + random.below(rows.length - i);
    const at = taken.get(j) ?? j;
    taken.set(j, taken.get(i) ?? i);
    return rows[at]!;
  });
}
