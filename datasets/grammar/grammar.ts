// Makes labelled examples of the constitution without a language model: acts in frames (question, order, statement,
// persona), posts, web pages made of several acts, and encyclopaedic prose about the field, which is harmless. A pair
// becomes two examples with the same slots, frame and style, so that only the difference that matters is left.
import type { Example, Split } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import { isSexual } from "#datasets/minors";
import { splitOfSeed } from "#datasets/splits";
import { BENIGN, type Chapter } from "#datasets/constitution";
import { namesMinor } from "#models/minor-words";
import { Random } from "#models/random";
import { type CategoryId, relatedCategories } from "#models/taxonomy";
import { chooseSlots, fill } from "./expand.ts";
import type { Frames, Slots } from "./frames.ts";
import { acting, capitalise } from "./inflect.ts";
import { drawStyle } from "./style.ts";

export const GRAMMAR_VERSION = 1;

export interface GrammarOptions {
  seed: number;
  /** Variants of each act and of each post: slots, frame and style drawn anew. */
  actVariants: number;
  postVariants: number;
  /** Pages, and as many monologues, per chapter and side; prose passages per chapter. */
  pages: number;
  prose: number;
}

/** Categories in whose texts, harmful or harmless, nobody is a minor. */
export const ADULTS_ONLY: ReadonlySet<CategoryId> = new Set(["sexual-content", "sex-crimes"]);

type Strategy = "act" | "post" | "page" | "monologue" | "prose";

/** Every example of the constitution, chapter by chapter. The same options give the same examples. */
export function* grammarExamples(
  chapters: readonly Chapter[],
  grammar: { frames: Frames; slots: Slots },
  options: GrammarOptions,
): Generator<Example> {
  for (const chapter of chapters) yield* new ChapterGrammar(chapter, grammar.frames, grammar.slots, options).examples();
}

/** [harmful, harmless] */
type Pair = readonly [string, string];

class ChapterGrammar {
  readonly #chapter: Chapter;
  readonly #frames: Frames;
  readonly #slots: Slots;
  readonly #adultSlots: Slots;
  readonly #options: GrammarOptions;
  readonly #random: Random;
  readonly #categories: CategoryId[];
  readonly #unknown: CategoryId[];
  readonly #splits = new Map<"act" | "post", Map<Split, Pair[]>>();

  constructor(chapter: Chapter, frames: Frames, shared: Slots, options: GrammarOptions) {
    this.#chapter = chapter;
    this.#frames = frames;
    this.#options = options;
    this.#random = new Random(options.seed, `grammar/${chapter.category}`);
    this.#categories = chapter.category === BENIGN ? [] : [chapter.category, ...chapter.also];
    this.#adultSlots = { ...ofAdults(shared), ...chapter.slots };
    this.#slots = this.#categories.some((c) => ADULTS_ONLY.has(c)) ? this.#adultSlots : { ...shared, ...chapter.slots };
    // A text of one chapter may well be one of a neighbouring category, which its author did not say.
    const related = this.#categories.flatMap((c) => relatedCategories(c));
    this.#unknown = [...new Set(related)].filter((c) => !this.#categories.includes(c));
  }

  *examples(): Generator<Example> {
    const { acts, harmful_acts, harmless_acts, posts, harmful_posts, harmless_posts } = this.#chapter;
    const both = <T>(pairs: readonly (readonly [T, T])[], harmful: readonly T[], harmless: readonly T[]): [T | null, T | null][] => [
      ...pairs.map(([a, b]) => [a, b] as [T, T]),
      ...harmful.map((a) => [a, null] as [T, null]),
      ...harmless.map((b) => [null, b] as [null, T]),
    ];
    for (const sides of both(acts, harmful_acts, harmless_acts)) {
      for (let v = 0; v < this.#options.actVariants; v++) yield* this.#act(sides, seedId("act", sides), v);
    }
    for (const sides of both(posts, harmful_posts, harmless_posts)) {
      for (let v = 0; v < this.#options.postVariants; v++) yield* this.#post(sides, seedId("post", sides));
    }
    if (acts.length > 0) for (let i = 0; i < this.#options.pages; i++) yield* this.#page();
    if (posts.length > 0) for (let i = 0; i < this.#options.pages; i++) yield* this.#monologue();
    if (this.#chapter.terms.length > 1) for (let i = 0; i < this.#options.prose; i++) yield this.#prose();
  }

  /** The first variant of an act stands in a plain question or order, the others in any frame. */
  *#act(sides: [string | null, string | null], seed: string, variant: number): Generator<Example> {
    const random = this.#random;
    const { questions, imperatives, statements, personas } = this.#frames;
    const benign = this.#chapter.category === BENIGN;
    const roll = benign && random.chance(0.7) ? 0.3 : random.next();
    const kind =
      roll < 0.4 ? (variant % 2 === 0 || benign ? imperatives : questions) : roll < 0.65 ? questions : roll < 0.85 ? statements : personas;
    const frame = benign && random.chance(0.6) ? random.pick(imperatives.slice(0, 3)) : random.pick(kind);
    const style = drawStyle(random);
    const values = this.#choose([frame.replace(/\{[Aa]ct(ing)?\}/g, ""), ...sides.filter((s) => s !== null)]);
    const texts = sides.map((text) => text && style(fill(frame, { ...values, ...actForms(fill(text, values)) })));
    yield* this.#sides(texts, "act", [seed]);
  }

  *#post(sides: [string | null, string | null], seed: string): Generator<Example> {
    const style = drawStyle(this.#random);
    const values = this.#choose(sides.filter((s) => s !== null));
    const texts = sides.map((text) => text && style(capitaliseLike(text, fill(text, values))));
    yield* this.#sides(texts, "post", [seed]);
  }

  /** A page of three to seven sentences around acts of the chapter, and its twin around their harmless sides. */
  *#page(): Generator<Example> {
    const random = this.#random;
    const { opening, middle, closing } = this.#frames.pages;
    const count = 1 + random.below(5);
    const frames = [random.pick(opening), ...Array.from({ length: count }, () => random.pick(middle)), random.pick(closing)];
    const chosen = this.#ofOneSplit("act", this.#chapter.acts, frames.length);
    const values = frames.map((frame, i) => this.#choose([frame.replace(/\{[Aa]ct(ing)?\}/g, ""), ...chosen[i]!]));
    const seedIds = chosen.map((pair) => seedId("act", pair));
    const texts = ([0, 1] as const).map((side) =>
      frames.map((frame, i) => fill(frame, { ...values[i]!, ...actForms(fill(chosen[i]![side], values[i]!)) })).join(" "),
    );
    yield* this.#sides(texts, "page", seedIds);
  }

  /** Several posts as one longer text, and its twin of their harmless sides. */
  *#monologue(): Generator<Example> {
    const random = this.#random;
    const chosen = this.#ofOneSplit("post", this.#chapter.posts, 2 + random.below(6));
    const values = chosen.map((pair) => this.#choose(pair));
    const between = random.pick([" ", " ", "\n", "\n\n"]);
    const seedIds = chosen.map((pair) => seedId("post", pair));
    const texts = ([0, 1] as const).map((side) => chosen.map((pair, i) => sentence(fill(pair[side], values[i]!))).join(between));
    yield* this.#sides(texts, "monologue", seedIds);
  }

  /** Pairs that belong to one split, or a text made of them would belong to none. */
  #ofOneSplit(kind: "act" | "post", pairs: readonly Pair[], count: number): Pair[] {
    const splitOfPair = (pair: Pair) => splitOfSeed(`${this.#chapter.category}/${seedId(kind, pair)}`);
    let groups = this.#splits.get(kind);
    if (groups === undefined) this.#splits.set(kind, (groups = Map.groupBy(pairs, splitOfPair)));
    const first = this.#random.pick(pairs);
    const same = groups.get(splitOfPair(first))!;
    return [first, ...Array.from({ length: count - 1 }, () => this.#random.pick(same))];
  }

  #prose(): Example {
    const random = this.#random;
    const sentences = Array.from({ length: 2 + random.below(5) }, () => {
      const term = random.pick(this.#chapter.terms);
      const values = { ...this.#choose(["{place} {persona}"]), term, term2: random.pick(this.#chapter.terms), Term: capitalise(term) };
      return fill(random.pick(this.#frames.prose), values);
    });
    return this.#example(sentences.join(" "), false, "prose", [`prose/${random.below(1000)}`]);
  }

  #choose(templates: readonly string[]): Record<string, string> {
    return chooseSlots(templates, templates.some(isSexual) ? this.#adultSlots : this.#slots, this.#random);
  }

  /** The examples of a harmful and a harmless text, of which one may be missing. */
  *#sides(texts: readonly (string | null | undefined)[], strategy: Strategy, seedIds: string[]): Generator<Example> {
    const [harmful, harmless] = texts;
    const pair = harmful != null && harmless != null ? `g-${textId(`${this.#chapter.category}/${harmful}/${harmless}`)}` : undefined;
    if (harmful != null) yield this.#example(harmful, true, strategy, seedIds, pair);
    if (harmless != null) yield this.#example(harmless, false, strategy, seedIds, pair);
  }

  #example(text: string, harmful: boolean, strategy: Strategy, seedIds: string[], pair?: string): Example {
    const { category } = this.#chapter;
    return {
      id: `g-${textId(`${category}/${text}`)}`,
      text,
      label: harmful ? 1 : 0,
      categories: harmful ? this.#categories : [],
      unknown: harmful ? this.#unknown : [],
      lang: "en",
      synthetic: true,
      source: "grammar",
      topic: category,
      ...(pair !== undefined && { pair }),
      lineage: {
        seedIds: seedIds.map((id) => `${category}/${id}`),
        parents: [],
        ops: [{ name: `grammar/${strategy}`, version: GRAMMAR_VERSION, seed: this.#options.seed }],
      },
      license: "Apache-2.0",
    };
  }
}

/** The slots without the values that name minors. */
export function ofAdults(slots: Slots): Slots {
  return Object.fromEntries(Object.entries(slots).map(([name, values]) => [name, values.filter((value) => !namesMinor(value))]));
}

/** Made of the seed's own words, so that an entry keeps its lineage, and its split, whatever is added around it. */
export function seedId(kind: "act" | "post", sides: readonly (string | null)[]): string {
  return `${kind}/${textId(JSON.stringify(sides)).slice(0, 10)}`;
}

export function actForms(act: string): Record<string, string> {
  return { act, Act: capitalise(act), acting: acting(act), Acting: capitalise(acting(act)) };
}

/** A post as one sentence among others. */
function sentence(text: string): string {
  return /[\p{P}\p{Emoji_Presentation}]$/u.test(text) ? capitalise(text) : `${capitalise(text)}.`;
}

/** A post that begins with a slot takes a capital where posts of its kind do: most of them. */
function capitaliseLike(template: string, text: string): string {
  return template.startsWith("{") && /[.!?]$/.test(template) ? capitalise(text) : text;
}
