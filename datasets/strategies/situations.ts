// The constitution's situations as seeds of the strategies: the acts and posts of a chapter with their slots filled, both
// sides alike, under the ids that the grammar gives them, so that whatever grows from a situation falls into one split.
import { BENIGN, type Chapter, readConstitution } from "#datasets/constitution";
import type { Example } from "#datasets/example";
import { chooseSlots, fill } from "#datasets/grammar/expand";
import { type Frames, readFrames, type Slots } from "#datasets/grammar/frames";
import { actForms, ADULTS_ONLY, ofAdults, seedId } from "#datasets/grammar/grammar";
import { isSexual } from "#datasets/minors";
import type { Random } from "#models/random";
import { type CategoryId, relatedCategories } from "#models/taxonomy";
import { UNASKED } from "./sections.ts";

export type Label = 0 | 1;
export const LABELS = [1, 0] as const;

/** An act (a bare infinitive) or a post (a whole message), with slots; a side that there is none of is null. */
export interface Situation {
  /** `CATEGORY/act/HASH`. */
  seedId: string;
  kind: "act" | "post";
  harmful: string | null;
  harmless: string | null;
}

/** What a text of a chapter is labelled. */
export type ChapterLabel = Pick<Example, "label" | "categories" | "unknown"> & { topic: string };

/** A chapter with what is needed to write about it. */
export class Field {
  readonly chapter: Chapter;
  readonly frames: Frames;
  readonly situations: readonly Situation[];
  readonly #slots: Slots;
  readonly #adultSlots: Slots;

  constructor(chapter: Chapter, grammar: { frames: Frames; slots: Slots }) {
    this.chapter = chapter;
    this.frames = grammar.frames;
    this.situations = situationsOf(chapter);
    this.#adultSlots = { ...ofAdults(grammar.slots), ...chapter.slots };
    const adults = [chapter.category, ...chapter.also].some((c) => c !== BENIGN && ADULTS_ONLY.has(c));
    this.#slots = adults ? this.#adultSlots : { ...grammar.slots, ...chapter.slots };
  }

  get topic(): string {
    return this.chapter.category;
  }

  /** The sides that the chapter has situations of. */
  labels(): Label[] {
    return LABELS.filter((label) => this.situations.some((s) => sideOf(s, label) !== null));
  }

  labelled(label: Label): ChapterLabel {
    const { category, also } = this.chapter;
    if (label === 0 || category === BENIGN) return { label: 0, categories: [], unknown: [], topic: category };
    const categories: CategoryId[] = [category, ...also];
    // A text of one chapter may well be one of a neighbouring category, which its author did not say.
    const related = categories.flatMap((c) => relatedCategories(c)).filter((c) => !categories.includes(c));
    return { label, categories, unknown: [...new Set(related)], topic: category };
  }

  /** A value for each slot of the templates, from the chapter's own, the shared and the further ones. */
  values(templates: readonly string[], random: Random, further: Slots = {}): Record<string, string> {
    const slots = templates.some(isSexual) ? this.#adultSlots : this.#slots;
    // A strategy's own slots go behind: a chapter may have one of the same name with another meaning.
    return chooseSlots(templates, { ...further, ...slots }, random);
  }

  /** An act in one of these frames. */
  framed(act: string, frames: readonly string[], random: Random, further: Slots = {}): string {
    const frame = random.pick(frames);
    return fill(frame, { ...this.values([frame.replace(/\{[Aa]ct(ing)?\}/g, "")], random, further), ...actForms(act) });
  }

  /** A situation with its slots filled. */
  filled(situation: Situation, random: Random): Situation {
    const values = this.values(
      [situation.harmful, situation.harmless].filter((text) => text !== null),
      random,
    );
    const side = (text: string | null) => (text === null ? null : fill(text, values));
    return { ...situation, harmful: side(situation.harmful), harmless: side(situation.harmless) };
  }
}

/** Read once a process: a recipe's strategies come back to the same million characters of YAML. */
let everyField: Promise<Field[]> | undefined;

/** The chapters of that name, or all; never the one of which nothing is written. */
export async function readFields(chapters?: readonly string[]): Promise<Field[]> {
  const all = await (everyField ??= readEveryField());
  return all.filter(({ chapter }) => chapters?.includes(chapter.category) ?? true);
}

async function readEveryField(): Promise<Field[]> {
  const [chapters, grammar] = await Promise.all([readConstitution(), readFrames()]);
  return chapters.filter(({ category }) => category !== UNASKED).map((chapter) => new Field(chapter, grammar));
}

export function sideOf(situation: Situation, label: Label): string | null {
  return label === 1 ? situation.harmful : situation.harmless;
}

function situationsOf(chapter: Chapter): Situation[] {
  const make = (kind: "act" | "post", sides: readonly [string | null, string | null]): Situation => ({
    seedId: `${chapter.category}/${seedId(kind, sides)}`,
    kind,
    harmful: sides[0],
    harmless: sides[1],
  });
  return [
    ...chapter.acts.map((pair) => make("act", pair)),
    ...chapter.harmful_acts.map((text) => make("act", [text, null])),
    ...chapter.harmless_acts.map((text) => make("act", [null, text])),
    ...chapter.posts.map((pair) => make("post", pair)),
    ...chapter.harmful_posts.map((text) => make("post", [text, null])),
    ...chapter.harmless_posts.map((text) => make("post", [null, text])),
  ];
}
