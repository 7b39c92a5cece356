// The texts that a strategy works on: situations of the constitution in plain frames, or the rows of a data set.
import type { Example } from "#datasets/example";
import { collect } from "#datasets/files/collect";
import { readExamples } from "#datasets/files/read-examples";
import { readQuestions, seedFormat } from "#datasets/seeds/index";
import { resolveSeed } from "#datasets/seeds/resolve";
import { isSexualOfMinors } from "#datasets/minors";
import { Random } from "#models/random";
import type { StrategyContext } from "./context.ts";
import { refuseUnknown } from "./known-names.ts";
import { pairId } from "./row.ts";
import { type TextsSection, UNASKED } from "./sections.ts";
import { type Field, LABELS, readFields, type Situation, sideOf } from "./situations.ts";

const PER_CHAPTER = 50;

export interface SeedText extends Pick<Example, "text" | "label" | "categories" | "unknown" | "lang"> {
  topic: string;
  seedIds: string[];
  /** The row that it is, where it is one. */
  parents: string[];
  license: string | undefined;
  /** The text's closest neighbour of the other label, where it has one. */
  twin?: SeedText;
}

/** What a strategy without a language model works on: the situation itself, of which it makes its own sentences. */
export interface SituationSeed {
  field: Field;
  /** With its slots filled. */
  situation: Situation;
  /** Draws for a part of what is made of it, from the start: both sides of the situation draw alike. */
  random: (part: string) => Random;
  /** Number of the situation in its chapter. */
  index: number;
}

/** `per_chapter` situations of each chapter, every one before any a second time. */
export async function* situationSeeds(
  name: string,
  { chapters, per_chapter = PER_CHAPTER }: Pick<TextsSection, "chapters" | "per_chapter">,
  { seed }: StrategyContext,
): AsyncGenerator<SituationSeed> {
  for (const field of await readFields(chapters)) yield* seedsOfField(name, field, field.situations, per_chapter, seed);
}

/** So many of the situations, in an order drawn by the seed, round after round. */
export function* seedsOfField(
  name: string,
  field: Field,
  situations: readonly Situation[],
  number: number,
  seed: number,
): Generator<SituationSeed> {
  if (situations.length === 0) return;
  const order = new Random(seed, `${name}/${field.topic}/order`).shuffle([...situations]);
  for (let index = 0; index < number; index++) {
    const random = (part: string) => new Random(seed, `${name}/${field.topic}/${index}/${part}`);
    yield { field, situation: field.filled(order[index % order.length]!, random("slots")), random, index };
  }
}

/**
 * Every text of a section, with a pair's two sides one after the other. What is of the chapter of which nothing is written,
 * or puts sexual words beside words for minors, is left out whatever its label: no model is asked to work on it.
 * @throws CordonError
 */
export async function* textsOf(name: string, section: TextsSection, context: StrategyContext): AsyncGenerator<SeedText> {
  for await (const seedText of everyText(name, section, context)) if (mayBeWorkedOn(seedText)) yield seedText;
}

function mayBeWorkedOn({ text, categories, topic }: SeedText): boolean {
  return topic !== UNASKED && !categories.includes(UNASKED) && !isSexualOfMinors(text);
}

async function* everyText(name: string, section: TextsSection, context: StrategyContext): AsyncGenerator<SeedText> {
  if (section.from !== undefined) return yield* rowsOf(name, section, context);
  for await (const { field, situation, random } of situationSeeds(name, section, context)) {
    const sides = LABELS.map((label) => framed(field, situation, label, random("frame")));
    const [harmful, harmless] = sides;
    if (harmful !== undefined && harmless !== undefined) {
      yield { ...harmful, twin: harmless };
      yield { ...harmless, twin: harmful };
    } else yield (harmful ?? harmless)!;
  }
}

/** A situation as a message: a post as it is, an act as a question, an order, a statement or a persona's. */
function framed(field: Field, situation: Situation, label: 0 | 1, random: Random): SeedText | undefined {
  const side = sideOf(situation, label);
  if (side === null) return undefined;
  const { questions, imperatives, statements, personas } = field.frames;
  const frames = [...questions, ...imperatives, ...statements, ...personas];
  const text = situation.kind === "post" ? side : field.framed(side, frames, random);
  return { ...field.labelled(label), text, lang: "en", seedIds: [situation.seedId], parents: [], license: "Apache-2.0" };
}

async function* rowsOf(name: string, section: TextsSection, context: StrategyContext): AsyncGenerator<SeedText> {
  const all = await collect(dataSet(section, context));
  const { limit = all.length } = section;
  const drawn =
    limit < all.length
      ? new Random(context.seed, `${name}/limit`)
          .shuffle([...all.keys()])
          .slice(0, limit)
          .sort((a, b) => a - b)
      : all.keys();
  for (const i of drawn) yield all[i]!;
}

async function* dataSet(section: TextsSection, { seeds }: StrategyContext): AsyncGenerator<SeedText> {
  const ref = seeds[section.seeds!] ?? section.from!;
  if (section.format === "examples") {
    for (const path of await resolveSeed(ref, { extensions: [".jsonl"] })) for await (const row of readExamples(path)) yield ofRow(row);
    return;
  }
  const format = seedFormat(section.format!);
  if (format.kind === "text") {
    for (const path of await resolveSeed(ref, { extensions: format.extensions }))
      for await (const row of format.read(path)) yield ofRow(row);
    return;
  }
  const questions = await collect(readQuestions(format.name, ref));
  const { harmful } = section;
  if (harmful !== "all") refuseUnknown("subject", harmful, [...new Set(questions.map((q) => q.subject))]);
  for (const { id, question, choices, answer, subject, category } of questions) {
    const label = harmful === "all" || harmful.includes(subject) ? 1 : 0;
    const categories = label === 1 && category !== undefined ? [category] : [];
    const labels = { label, categories, unknown: label === 1 ? ["*" as const] : [] } as const;
    yield {
      ...labels,
      categories,
      unknown: [...labels.unknown],
      topic: subject,
      lang: "en",
      text: `${question} ${choices[answer]}`,
      seedIds: [id],
      parents: [],
      license: undefined,
    };
  }
}

function ofRow(row: Example): SeedText {
  const { text, label, categories, unknown, lang, license } = row;
  const topic = row.topic ?? categories[0] ?? row.source ?? "unknown";
  // A row without seeds is its own: what grows from it falls into its split.
  const seedIds = row.lineage !== undefined && row.lineage.seedIds.length > 0 ? row.lineage.seedIds : [row.id];
  return { text, label, categories, unknown, lang, topic, seedIds, parents: [row.id], license };
}

/** The pair of what is made of a text and of its twin. */
export function pairOf(name: string, { seedIds, twin }: SeedText, ...drawn: unknown[]): string | undefined {
  return twin === undefined ? undefined : pairId(name, seedIds, ...drawn);
}
