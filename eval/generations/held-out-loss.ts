// What a model of a set still knows of texts that were held out of an earlier one: bits per byte of the byte 6-gram model
// that is the capability probe (eval/probe/kneser-ney.ts). Replacing data makes it grow, accumulating bounds it (arXiv
// 2404.01413). Both sets give as many bytes, since more text alone would be better.
import type { Example } from "#datasets/example";
import { splitOf } from "#datasets/splits";
import { inOrder } from "#eval/diversity/sample";
import { KneserNey } from "#eval/probe/kneser-ney";
import { Random } from "#models/random";

const ORDER = 6;
/** Bytes of a label that are learned, and those that are coded, at most. */
const MOST_LEARNED = 2_000_000;
const MOST_CODED = 60_000;
/** Held-out bytes below which a figure would be chance. */
const LEAST_CODED = 2000;

export interface HeldOutLoss {
  /** Bits per byte by a model of the earlier set, and of this one. */
  before: number;
  now: number;
  /** now / before: 1 where as much is known, higher where less is. */
  relative: number;
}

/** Of one label; null where there is too little to hold out or to learn from. Rows of the test split are not learned. */
export function heldOutLoss(
  before: readonly Example[],
  now: readonly Example[],
  heldOut: readonly Example[],
  label: 0 | 1,
  seed = 1,
): HeldOutLoss | null {
  const random = new Random(seed, "held-out");
  const encoder = new TextEncoder();
  const texts = (rows: readonly Example[]) =>
    random.shuffle(inOrder(rows.filter((row) => row.label === label).map((row) => row.text))).map((text) => encoder.encode(text));
  const learned = (rows: readonly Example[]) => texts(rows.filter((row) => splitOf(row) !== "test"));
  const sets = { before: learned(before), now: learned(now) };
  const coded = firstBytes(texts(heldOut), MOST_CODED);
  const budget = Math.min(bytesOf(sets.before), bytesOf(sets.now), MOST_LEARNED);
  if (bytesOf(coded) < LEAST_CODED || budget === 0) return null;
  const bits = (set: readonly Uint8Array[]) => {
    const model = new KneserNey(ORDER);
    for (const text of firstBytes(set, budget)) model.add(text);
    return coded.reduce((sum, text) => sum + model.bits(text), 0) / bytesOf(coded);
  };
  const [a, b] = [bits(sets.before), bits(sets.now)];
  return { before: a, now: b, relative: b / a };
}

function bytesOf(texts: readonly Uint8Array[]): number {
  return texts.reduce((sum, text) => sum + text.length, 0);
}

/** The first texts, up to the one that reaches `budget` bytes. */
function firstBytes(texts: readonly Uint8Array[], budget: number): Uint8Array[] {
  let bytes = 0;
  let count = 0;
  while (count < texts.length && bytes < budget) bytes += texts[count++]!.length;
  return texts.slice(0, count);
}
