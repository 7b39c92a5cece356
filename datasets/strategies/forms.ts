// The written parts of the strategies that run without a language model (forms/*.yaml), and how one is said: a line drawn
// from a list, its slots filled, the act put in.
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readYaml } from "#datasets/files/read-yaml";
import { fill } from "#datasets/grammar/expand";
import type { Slots } from "#datasets/grammar/frames";
import { actForms } from "#datasets/grammar/grammar";
import { capitalise } from "#datasets/grammar/inflect";
import type { Random } from "#models/random";
import type { Field } from "./situations.ts";

const OWN_PARTS = /\{(?:[Aa]ct(?:ing)?|[Bb]ody|post)\}/g;
const lines = z.array(z.string()).min(1);

/** What is put into a line. */
export interface Parts {
  act?: string;
  post?: string;
  body?: string;
}

/** Lists of lines by name. */
export class Forms<Name extends string> {
  readonly lists: Readonly<Record<Name, readonly string[]>>;
  readonly slots: Slots;

  constructor(lists: Readonly<Record<Name, readonly string[]>>, slots: Slots) {
    this.lists = lists;
    this.slots = slots;
  }

  /**
   * A line of a list about an act. Of the random numbers, the line and its slots take the same whatever the act, so that
   * two sides with equal numbers differ in the act alone.
   */
  say(list: Name, field: Field, random: Random, parts: Parts = {}): string {
    return this.#filled(random.pick(this.lists[list]), field, random, parts);
  }

  /** So many lines of a list, none twice. The first names the act; of the others half say "do it", as people do. */
  some(list: Name, number: number, field: Field, random: Random, parts: Parts = {}): string[] {
    const order = random.shuffle([...this.lists[list]]);
    const first = parts.act === undefined ? 0 : order.findIndex((line) => /\{[Aa]ct/.test(line));
    const drawn = [...order.splice(first, 1), ...order].slice(0, number);
    return drawn.map((line, i) => {
      const again = random.chance(0.5) && i > 0 && parts.act !== undefined;
      return this.#filled(line, field, random, again ? { ...parts, act: "do it" } : parts);
    });
  }

  #filled(line: string, field: Field, random: Random, { act, post, body }: Parts): string {
    const said = fill(line, field.values([line.replace(OWN_PARTS, "")], random, this.slots));
    // What is put in comes last: braces in it are its own.
    return fill(/^\{[a-z]/.test(line) ? capitalise(said) : said, {
      ...(act === undefined ? {} : actForms(act)),
      ...(post === undefined ? {} : { post }),
      ...(body === undefined ? {} : { body, Body: capitalise(body) }),
    });
  }
}

/** The forms of a strategy; the file must have these lists and no others. */
export async function readForms<Name extends string>(strategy: string, names: readonly Name[]): Promise<Forms<Name>> {
  const schema = z.strictObject(Object.fromEntries(names.map((name) => [name, lines])) as Record<Name, typeof lines>);
  const path = (name: string) => fileURLToPath(new URL(`forms/${name}.yaml`, import.meta.url));
  const slots = await readYaml(path("slots"), z.record(z.string(), z.array(z.string().min(1)).min(2)));
  return new Forms((await readYaml(path(strategy), schema)) as Record<Name, string[]>, slots);
}
