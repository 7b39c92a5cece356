// Texts of a language model about the constitution's situations, both sides in equal number: what textbook, dialogue and
// refine have in common.
import type { Candidate } from "#datasets/candidate";
import type { Random } from "#models/random";
import { runUnits } from "./asking.ts";
import type { StrategyContext } from "./context.ts";
import { type Axes, type AxisName, drawAxes, type Drawn, readAxes } from "./prompts/axes.ts";
import type { Aim } from "./row.ts";
import { type Asked, generatorOf } from "./sections.ts";
import { type Field, type Label, LABELS, readFields, sideOf } from "./situations.ts";
import { seedsOfField } from "./texts.ts";

export interface Passage {
  field: Field;
  label: Label;
  /** In words: what somebody is after, or what somebody says. */
  situation: string;
  drawn: Drawn;
  random: Random;
  generator: string;
  /** Number of the passage in its chapter and side. */
  variant: number;
  /** What is to be made of it. */
  aim: Aim;
}

export interface PassageOptions {
  /** Name of the rows' operation. */
  name: string;
  chapters: string[] | undefined;
  /** Of each chapter and side. */
  number: number;
  axes: readonly AxisName[];
  /** The most words. */
  longest?: number;
}

export async function* situationPassages(
  section: Asked,
  options: PassageOptions,
  context: StrategyContext,
  write: (passage: Passage) => Promise<Candidate[]>,
): AsyncGenerator<Candidate> {
  const axes = await readAxes();
  const fields = await readFields(options.chapters);
  function* units() {
    for (const field of fields) {
      for (const label of LABELS) {
        for (const passage of passagesOf(field, label, section, options, context.seed, axes)) yield () => write(passage);
      }
    }
  }
  yield* runUnits(units(), context);
}

function* passagesOf(
  field: Field,
  label: Label,
  section: Asked,
  { name, number, axes: names, longest }: PassageOptions,
  seed: number,
  axes: Axes,
): Generator<Passage> {
  const generator = generatorOf(section, label)!;
  const situations = field.situations.filter((situation) => sideOf(situation, label) !== null);
  for (const { situation, random, index } of seedsOfField(name, field, situations, number, seed)) {
    const draw = random(`side ${label}`);
    const drawn = drawAxes(axes, names, draw, longest);
    const side = sideOf(situation, label)!;
    const aim: Aim = {
      ...field.labelled(label),
      name,
      seedIds: [situation.seedId],
      license: section.license!,
      seed,
      params: { ...drawn, generator, variant: index },
    };
    const told = situation.kind === "act" ? `Somebody wants to ${side}.` : `Somebody says: ${side}`;
    yield { field, label, situation: told, drawn, random: draw, generator, variant: index, aim };
  }
}
