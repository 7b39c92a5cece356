// Self-BLEU (Zhu et al., Texygen, arXiv 1802.01886): how well the other texts of a set predict one of them. BLEU-4 with
// uniform weights (Papineni et al., 2002) and Texygen's smoothing, NLTK's method 1: a count of 0 becomes 0.1.
import type { Random } from "#models/random";
import { draw } from "./sample.ts";
import { gramKeys } from "./tokens.ts";

const ORDERS = [1, 2, 3, 4] as const;
const EPSILON = 0.1;

/** What references say: by order, how often each n-gram stands in the one that has it most; and their lengths. */
interface References {
  most: Map<number, number>[];
  lengths: number[];
}

/** BLEU-4 of a text against references, all of token hashes: 0 to 1, 0 where no token is shared. */
export function bleu(text: Int32Array, references: readonly Int32Array[]): number {
  return bleuAgainst(text, countReferences(references));
}

/** Mean BLEU-4 of the texts against `references` of them, drawn at random and left out themselves: 0 to 1. */
export function selfBleu(texts: readonly Int32Array[], references: number, random: Random): number {
  const drawn = draw(texts, texts.length, random);
  const against = countReferences(drawn.slice(0, references));
  const rest = drawn.slice(references);
  if (rest.length === 0) throw new Error(`selfBleu: needs more than ${references} texts, got ${texts.length}`);
  return rest.reduce((sum, text) => sum + bleuAgainst(text, against), 0) / rest.length;
}

function countReferences(references: readonly Int32Array[]): References {
  const most = ORDERS.map((n) => {
    const highest = new Map<number, number>();
    for (const reference of references) {
      for (const [gram, count] of counted(gramKeys(reference, n))) highest.set(gram, Math.max(count, highest.get(gram) ?? 0));
    }
    return highest;
  });
  return { most, lengths: references.map((reference) => reference.length) };
}

function bleuAgainst(text: Int32Array, { most, lengths }: References): number {
  let logarithms = 0;
  for (const [i, n] of ORDERS.entries()) {
    const grams = gramKeys(text, n);
    let matched = 0;
    for (const [gram, count] of counted(grams)) matched += Math.min(count, most[i]!.get(gram) ?? 0);
    if (matched === 0 && n === 1) return 0;
    logarithms += Math.log((matched || EPSILON) / Math.max(1, grams.length)) / ORDERS.length;
  }
  const nearest = lengths.reduce((best, length) => {
    const nearer = Math.abs(length - text.length) - Math.abs(best - text.length);
    return nearer < 0 || (nearer === 0 && length < best) ? length : best;
  });
  const brevity = text.length >= nearest ? 1 : Math.exp(1 - nearest / text.length);
  return brevity * Math.exp(logarithms);
}

function counted(grams: Float64Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const gram of grams) counts.set(gram, (counts.get(gram) ?? 0) + 1);
  return counts;
}
