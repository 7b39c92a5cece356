// A domain to remove, described in writing (datasets/domains/*.yaml): what belongs to it and what is near it and stays,
// each as topics and the terms that name them. The description alone makes examples: passages around a topic's terms.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { Example } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import { readYaml } from "#datasets/files/read-yaml";
import { CordonError } from "#models/errors";
import { Random } from "#models/random";

const topic = z.strictObject({ title: z.string(), terms: z.array(z.string().min(1)).min(2) });

export const domainSchema = z.strictObject({
  domain: z.string(),
  title: z.string(),
  definition: z.string(),
  topics: z.array(topic).min(1),
  adjacent: z.array(topic).min(1),
});

export type Domain = z.infer<typeof domainSchema>;

/** A description that ships with Cordon, by name, or a file of the same shape. @throws CordonError */
export async function readDomain(nameOrFile: string): Promise<Domain> {
  const folder = new URL(".", import.meta.url);
  const own = fileURLToPath(new URL(`${nameOrFile}.yaml`, folder));
  if (/^[\w-]+$/.test(nameOrFile) && existsSync(own)) return readYaml(own, domainSchema);
  if (!existsSync(nameOrFile)) {
    const names = (await readdir(folder)).filter((name) => name.endsWith(".yaml")).map((name) => name.slice(0, -5));
    throw new CordonError("usage/missing-file", "no such domain", {
      where: nameOrFile,
      hint: `a file, or one of ${names.sort().join(", ")}`,
    });
  }
  return readYaml(nameOrFile, domainSchema);
}

/** Words that stand between terms, on both sides: they must say nothing. */
const GLUE = (
  "the|of the|is a|in|and|,|.|which|are|with|by|such as|for|that|(|)|to|can be|from|may|as|was|this|between|used in|also called|when|they|has|these|or|not|its|" +
  "at the|on the|an|into|it is|have been|more|most|many|some|one|two|other|each|both|often|because|through|during|after|before|figure|see|example|different|several"
).split("|");
/** Share of a passage's terms that come from its own topic; the rest come from any topic of its side. */
const OWN_TOPIC = 0.8;

export const DOMAIN_VERSION = 1;

/**
 * `count` passages of each side: 3 to 42 terms of a topic and its neighbours with words between them. They are no
 * sentences: a bag of word pairs learns from them what words belong together.
 */
export function* domainExamples(domain: Domain, count: number, seed: number): Generator<Example> {
  const random = new Random(seed, `domain/${domain.domain}`);
  for (let i = 0; i < count; i++) {
    const terms = 3 + random.below(40);
    for (const label of [1, 0] as const) {
      const topics = label === 1 ? domain.topics : domain.adjacent;
      const own = random.pick(topics);
      const words: string[] = [own.title];
      for (let t = 0; t < terms; t++) {
        words.push(random.pick(random.chance(OWN_TOPIC) ? own.terms : random.pick(topics).terms), random.pick(GLUE));
        if (random.chance(0.5)) words.push(random.pick(GLUE));
      }
      const text = words.join(" ");
      yield {
        id: `d-${textId(text)}`,
        text,
        label,
        categories: [],
        unknown: label === 1 ? ["*"] : [],
        lang: "en",
        synthetic: true,
        source: "domain",
        lineage: {
          seedIds: [`domain/${domain.domain}/${own.title}/${i}`],
          parents: [],
          ops: [{ name: "domain/passage", version: DOMAIN_VERSION, seed }],
        },
        license: "Apache-2.0",
      };
    }
  }
}
