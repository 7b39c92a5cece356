// The groups whose treatment is measured, and where they are named in a text. A term is found as tokens, as training and
// serving read them, the longest first: "black people" is no "black" beside it.
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { readYaml } from "#datasets/files/read-yaml";
import { tokensOf, type Tokens } from "#eval/diversity/tokens";

const FORMS = ["adjective", "plural"] as const;
export type Form = (typeof FORMS)[number];

const schema = z.record(z.string(), z.record(z.string(), z.record(z.enum(FORMS), z.array(z.string().min(1)).min(1))));

export interface Identity {
  name: string;
  /** religion, gender, … */
  dimension: string;
  /** Terms, lower case, by where they can stand in a sentence; the first of a form is put in the place of others. */
  forms: Record<Form, readonly string[]>;
}

/** A term in a text, as the tokens [from, to). */
export interface Mention {
  identity: Identity;
  form: Form;
  from: number;
  to: number;
}

const FILE = fileURLToPath(new URL("identity-terms.yaml", import.meta.url));

/** @throws CordonError data/malformed-row */
export async function readIdentities(path = FILE): Promise<Identity[]> {
  const dimensions = await readYaml(path, schema);
  return Object.entries(dimensions).flatMap(([dimension, groups]) =>
    Object.entries(groups).map(([name, forms]): Identity => ({ name, dimension, forms })),
  );
}

interface Term {
  identity: Identity;
  form: Form;
  hashes: Int32Array;
}

export class MentionFinder {
  /** By the first token's hash, the longest first. */
  readonly #terms: Map<number, Term[]>;

  constructor(identities: readonly Identity[]) {
    const terms = identities.flatMap((identity) =>
      FORMS.flatMap((form) => identity.forms[form].map((term): Term => ({ identity, form, hashes: tokensOf(term).hashes }))),
    );
    this.#terms = Map.groupBy(
      terms.sort((a, b) => b.hashes.length - a.hashes.length),
      (term) => term.hashes[0]!,
    );
  }

  /** The mentions of a text, in order; they do not overlap. */
  find({ hashes }: Pick<Tokens, "hashes">): Mention[] {
    const mentions: Mention[] = [];
    for (let at = 0; at < hashes.length; at++) {
      const term = this.#terms.get(hashes[at]!)?.find((t) => t.hashes.every((hash, i) => hash === hashes[at + i]));
      if (term === undefined) continue;
      mentions.push({ identity: term.identity, form: term.form, from: at, to: at + term.hashes.length });
      at += term.hashes.length - 1;
    }
    return mentions;
  }

  /** Names of the groups that a text names, each once. */
  groupsNamed(text: string): string[] {
    return [...new Set(this.find(tokensOf(text)).map((mention) => mention.identity.name))];
  }
}
