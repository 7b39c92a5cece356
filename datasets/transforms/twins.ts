// Disguised rows for training: each transform goes over a harmful and a harmless row at a time, with the same random
// numbers, so that a disguise says nothing of the label. (Trained on disguised attacks alone, a model learns that base64
// is harmful: garak #1595.)
import { z } from "zod";
import type { Example } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import { sexualisesMinors } from "#datasets/minors";
import { Random } from "#models/random";
import { type Layer, applyLayers, drawLayers, operationsOf } from "./layers.ts";
import { TRANSFORM_NAMES, findTransforms } from "./table.ts";
import type { Transform } from "./transform.ts";

const JAILBREAK = "jailbreak";
/** Draws of layers for two rows before they are given up: a form that changes neither, a text that grows too long. */
const ATTEMPTS = 5;

/** The options as a recipe states them. */
export const transformOptions = z.strictObject({
  /** Names of transforms, of families, or `all`. */
  transforms: z.array(z.enum(TRANSFORM_NAMES)).min(1).default(["all"]),
  /** Share of the rows, 0 to 1, that get a disguised copy, as far as there is a row of the other label for it. */
  share: z.number().min(0).max(1).default(0.2),
  /** At most so many transforms over one another; how many is drawn evenly. */
  layers: z.number().int().min(1).max(4).default(1),
  /** A copy beyond either is not made, nor its twin's. In UTF-16 units. */
  min_characters: z.number().int().min(0).default(2),
  max_characters: z.number().int().min(1).default(20000),
});

export type TransformOptions = z.infer<typeof transformOptions> & { seed: number };

/**
 * Disguised copies of a share of `rows`, always two at a time: one harmful, one harmless, under the same layers with the
 * same seeds. The two sides of a `pair` stay together; other rows wait for the next one of the other label. The copies
 * have the parent's label, categories, split, source and seeds; see docs/transforms.md for what becomes of `jailbreak`.
 * The rows themselves are not among the copies.
 *
 * A strategy `kind: transforms` of a recipe hands over rows and passes the copies on as candidates; its schema is
 * `transformOptions.extend({ kind: z.literal("transforms") })`. Rows that have passed the gates are best: a gate that reads
 * words cannot read base64, so where a row falls at one afterwards, its copy (`lineage.parents`) must fall with it. Which
 * rows are drawn hangs on the seed and their ids, not on their order; who becomes whose twin outside a pair, on the order.
 *
 * Memory: the drawn rows that still wait.
 */
export async function* transformExamples(
  rows: AsyncIterable<Example> | Iterable<Example>,
  options: TransformOptions,
): AsyncGenerator<Example> {
  const transforms = findTransforms(options.transforms);
  const otherSides = new Map<string, Example>();
  const waiting: [harmless: Example[], harmful: Example[]] = [[], []];
  const meet = function* (row: Example): Generator<Example> {
    const other = waiting[row.label === 1 ? 0 : 1].shift();
    if (other === undefined) waiting[row.label].push(row);
    else yield* twins(row, other, null, transforms, options);
  };
  for await (const row of rows) {
    if (!isDrawn(row, options)) continue;
    if (row.pair === undefined) {
      yield* meet(row);
      continue;
    }
    const other = otherSides.get(row.pair);
    if (other === undefined) {
      otherSides.set(row.pair, row);
      continue;
    }
    otherSides.delete(row.pair);
    if (other.label !== row.label) yield* twins(row, other, row.pair, transforms, options);
    else {
      yield* meet(other);
      yield* meet(row);
    }
  }
  for (const single of otherSides.values()) yield* meet(single);
}

/** Both sides of a pair or neither. A text that must not exist gets no disguise under which no gate would know it. */
function isDrawn(row: Example, { seed, share }: TransformOptions): boolean {
  return !sexualisesMinors(row) && new Random(seed, `transforms/${row.pair ?? row.id}`).chance(share);
}

/** A disguised copy of each of two rows, or nothing. */
function* twins(
  one: Example,
  two: Example,
  pair: string | null,
  transforms: readonly Transform[],
  options: TransformOptions,
): Generator<Example> {
  const [harmful, harmless] = one.label === 1 ? [one, two] : [two, one];
  const key = pair ?? `${harmful.id}/${harmless.id}`;
  const random = new Random(options.seed, `twins/${key}`);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const chosen = Array.from({ length: 1 + random.below(options.layers) }, () => random.pick(transforms));
    const layers = drawLayers(chosen, random);
    const texts = [harmful, harmless].map((row) => applyLayers(row.text, layers)) as [string, string];
    const usable = (text: string, row: Example) =>
      text !== row.text && text.length >= options.min_characters && text.length <= options.max_characters;
    if (!usable(texts[0], harmful) || !usable(texts[1], harmless)) continue;
    const pairId = pair === null ? null : `t-${textId(`${pair}/${JSON.stringify(operationsOf(layers))}`)}`;
    yield disguised(harmful, texts[0], layers, pairId);
    yield disguised(harmless, texts[1], layers, pairId);
    return;
  }
}

function disguised(parent: Example, text: string, layers: readonly Layer[], pair: string | null): Example {
  const { turns: _turns, pair: _pair, ...rest } = parent;
  const { lineage } = parent;
  const operations = operationsOf(layers);
  return {
    ...rest,
    ...(pair === null ? {} : { pair }),
    ...jailbreakState(parent, layers),
    id: `t-${textId(`${parent.id}/${JSON.stringify(operations)}/${text}`)}`,
    text,
    synthetic: true,
    lineage: {
      ...lineage,
      // What its split hangs on (`splitOf`), where it names no seeds.
      seedIds: lineage === undefined || lineage.seedIds.length === 0 ? [parent.pair ?? parent.id] : lineage.seedIds,
      parents: [parent.id],
      ops: [...(lineage?.ops ?? []), ...operations],
    },
  };
}

/** A harmful text in a jailbreak's wrapper is one; in other disguises nobody has said. A harmless text is none in either. */
function jailbreakState(parent: Example, layers: readonly Layer[]): Pick<Example, "categories" | "unknown"> {
  const { categories, unknown } = parent;
  if (parent.label === 0 || categories.includes(JAILBREAK)) return { categories, unknown };
  if (layers.some(({ transform }) => transform.jailbreak === "adds")) {
    return { categories: [...categories, JAILBREAK], unknown: unknown.filter((category) => category !== JAILBREAK) };
  }
  const stays = unknown.includes("*") || unknown.includes(JAILBREAK) || layers.every(({ transform }) => transform.jailbreak === "no");
  return { categories, unknown: stays ? unknown : [...unknown, JAILBREAK] };
}
