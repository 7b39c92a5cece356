// What the strategies' forms without a language model share: the sides of a situation, written with equal draws, as a pair.
import type { Candidate } from "#datasets/candidate";
import type { Turn } from "#datasets/example";
import type { Random } from "#models/random";
import { pairId, rowOf } from "./row.ts";
import { type Label, LABELS, sideOf } from "./situations.ts";
import type { SituationSeed } from "./texts.ts";

export interface Writing {
  name: string;
  seed: number;
  params?: Record<string, unknown>;
  /** Of further situations that are used. */
  seedIds?: string[];
  /** The text about one side; `random` draws the same for both. Undefined where there is none. */
  write: (side: string, random: (part: string) => Random, label: Label) => { text: string; turns?: Turn[] } | undefined;
}

/** Both sides of a situation; where one is missing, the other alone. */
export function* bothSides({ field, situation, random, index }: SituationSeed, writing: Writing): Generator<Candidate & { state: "row" }> {
  const { name, seed, params = {}, seedIds = [], write } = writing;
  const written = LABELS.map((label) => {
    const side = sideOf(situation, label);
    return side === null ? undefined : write(side, random, label);
  });
  const paired = written.every((side) => side !== undefined);
  for (const [i, label] of LABELS.entries()) {
    const side = written[i];
    if (side === undefined) continue;
    const aim = {
      ...field.labelled(label),
      name,
      seedIds: [situation.seedId, ...seedIds],
      pair: paired ? pairId(name, seed, situation.seedId, index, params) : undefined,
      license: "Apache-2.0",
      seed,
      params: { ...params, variant: index },
    };
    yield rowOf(aim, side);
  }
}
