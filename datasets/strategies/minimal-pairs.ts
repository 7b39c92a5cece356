// Minimal pairs: a text and its closest edit of the other label, both ways (counterfactual augmentation, arXiv 1909.12434).
// Without a language model, the constitution's own pairs in the same surroundings, and pairs of stance: the same act, wanted
// or told of.
import type { Candidate } from "#datasets/candidate";
import { drawStyle } from "#datasets/grammar/style";
import type { Random } from "#models/random";
import { isCategoryId, relatedCategories } from "#models/taxonomy";
import { ask, runUnits, type Unit } from "./asking.ts";
import type { StrategyContext } from "./context.ts";
import { bothSides } from "./embedded.ts";
import { readForms } from "./forms.ts";
import { editPrompt } from "./prompts/rewrites.ts";
import { type Aim, pairId, rowOf } from "./row.ts";
import { generatorOf, type StrategyOf, UNASKED } from "./sections.ts";
import { type SeedText, type SituationSeed, situationSeeds, textsOf } from "./texts.ts";

type Section = StrategyOf<"minimal-pairs">;

export async function* minimalPairsCandidates(section: Section, context: StrategyContext): AsyncGenerator<Candidate> {
  if (generatorOf(section, 1) === undefined) return yield* embedded(section, context);
  async function* units(): AsyncGenerator<Unit> {
    let number = 0;
    for await (const seedText of textsOf("minimal-pairs", section.texts, context)) {
      const to = seedText.label === 1 ? 0 : 1;
      const variant = number++;
      if (!section.directions.includes(to === 0 ? "to-harmless" : "to-harmful")) continue;
      // An edit into harm needs to know into which: a text of no chapter has none.
      const aimed = to === 0 ? { categories: [], unknown: [] } : harmOf(seedText);
      if (aimed === undefined) continue;
      yield () => edited(seedText, { label: to, ...aimed }, variant, section, context);
    }
  }
  yield* runUnits(units(), context);
}

/** The row itself and its edit, or neither. */
async function edited(
  seedText: SeedText,
  labelled: Pick<Aim, "label" | "categories" | "unknown">,
  variant: number,
  section: Section,
  context: StrategyContext,
): Promise<Candidate[]> {
  const generator = generatorOf(section, labelled.label)!;
  const prompt = editPrompt(seedText.text, labelled.label, seedText.topic);
  const { text, twin: _, ...given } = seedText;
  const pair = pairId("minimal-pairs", context.seed, given.seedIds, text, labelled.label);
  const common = { ...given, pair, seed: context.seed, params: { variant } };
  const original: Aim = { ...common, name: "minimal-pairs/original", license: given.license ?? section.license! };
  const edit: Aim = { ...common, ...labelled, name: prompt.name, license: section.license!, params: { variant, generator } };
  const answer = await ask(context, generator, prompt, [original, edit]);
  if (answer.state === "missed") return answer.failed;
  const first = rowOf(original, { text });
  return [first, rowOf({ ...edit, parents: [first.row.id] }, { text: answer.value.text, asked: answer.asked })];
}

/** Into which harm a harmless text can be turned: its twin's, or that of the category it was written for. */
function harmOf({ twin, topic }: SeedText): Pick<Aim, "categories" | "unknown"> | undefined {
  if (twin !== undefined) return { categories: twin.categories, unknown: twin.unknown };
  return isCategoryId(topic) && topic !== UNASKED ? { categories: [topic], unknown: relatedCategories(topic) } : undefined;
}

async function* embedded(section: Section, context: StrategyContext): AsyncGenerator<Candidate> {
  const forms = await readForms("minimal-pairs", ["before", "after", "want", "turn"]);
  const { seed } = context;
  for await (const seeded of situationSeeds("minimal-pairs", section.texts, context)) {
    const { field, situation } = seeded;
    const { questions, imperatives, statements } = field.frames;
    const surrounded = (core: string, random: Random) =>
      drawStyle(random)(`${forms.say("before", field, random)}${core}${forms.say("after", field, random)}`);
    const core = (side: string, random: Random) =>
      situation.kind === "post" ? side : field.framed(side, [...questions, ...imperatives, ...statements], random, forms.slots);
    yield* bothSides(seeded, {
      name: "minimal-pairs/situation",
      seed,
      write: (side, random) => ({ text: surrounded(core(side, random("core")), random("around")) }),
    });
    if (situation.kind === "post") continue;
    yield* stances(seeded, seed, (list, act) => surrounded(forms.say(list, field, seeded.random(list), { act }), seeded.random("stance")));
  }
}

/**
 * A harmful act wanted (harmful) and told of (harmless), as a pair; and a harmless act both ways, or the words of either
 * stance would be the label.
 */
function* stances(
  { field, situation, index }: SituationSeed,
  seed: number,
  say: (stance: "want" | "turn", act: string) => string,
): Generator<Candidate> {
  const pair = pairId("minimal-pairs/stance", seed, situation.seedId, index);
  for (const [act, side] of [
    [situation.harmful, 1],
    [situation.harmless, 0],
  ] as const) {
    if (act === null) continue;
    for (const stance of ["want", "turn"] as const) {
      const aim: Aim = {
        ...field.labelled(side === 1 && stance === "want" ? 1 : 0),
        name: `minimal-pairs/${stance}`,
        seedIds: [situation.seedId],
        pair: side === 1 ? pair : undefined,
        license: "Apache-2.0",
        seed,
        params: { variant: index },
      };
      yield rowOf(aim, { text: say(stance, act) });
    }
  }
}
