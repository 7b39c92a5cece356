import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readFrames } from "#datasets/grammar/frames";
import { CordonError } from "#models/errors";
import { namesMinor } from "#models/minor-words";
import { CATEGORY_IDS } from "#models/taxonomy";
import { BENIGN, type Chapter, chapterSchema, readConstitution } from "./constitution.ts";
import { readYaml } from "./files/read-yaml.ts";
import { isSexual } from "./minors.ts";

let chapters: Chapter[];
let shared: Record<string, string[]>;
let folder: string;

beforeAll(async () => {
  chapters = await readConstitution();
  shared = (await readFrames()).slots;
  folder = await mkdtemp(join(tmpdir(), "cordon-constitution-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Every text of a chapter that can end up in an example. */
const texts = (c: Chapter): string[] => [
  ...[...c.acts, ...c.posts].flat(),
  ...[c.harmful_acts, c.harmless_acts, c.harmful_posts, c.harmless_posts].flat(),
];

describe("the embedded constitution", () => {
  test("has one chapter for each category of the taxonomy, and one of ordinary use", () => {
    expect(chapters.map((c) => c.category).sort()).toEqual([...CATEGORY_IDS, BENIGN].sort());
    for (const { category, also } of chapters) expect(also, category).not.toContain(category);
  });

  test("says for each category what counts and what does not", () => {
    for (const { category, harmful, harmless, definition } of chapters) {
      expect(definition.length, category).toBeGreaterThan(40);
      if (category !== BENIGN) expect([harmful.length >= 3, harmless.length >= 3], category).toEqual([true, true]);
    }
  });

  test("holds no harmful text of child exploitation, and ordinary use none at all", () => {
    for (const category of ["child-exploitation", BENIGN]) {
      const chapter = chapters.find((c) => c.category === category)!;
      expect([chapter.acts, chapter.harmful_acts, chapter.posts, chapter.harmful_posts].flat()).toEqual([]);
      expect(chapter.harmless_acts.length).toBeGreaterThan(30);
    }
  });

  test("tells the sides of every pair apart, and no pair stands twice", () => {
    const same = (text: string) => text.trim().toLowerCase();
    for (const { category, acts, posts } of chapters) {
      for (const pairs of [acts, posts]) {
        expect(
          pairs.findIndex(([a, b]) => same(a) === same(b)),
          category,
        ).toBe(-1);
        expect(new Set(pairs.map((pair) => pair.map(same).join("\n"))).size, category).toBe(pairs.length);
      }
    }
  });

  test("names no slot that it does not define, and defines none that it does not use", () => {
    for (const chapter of chapters) {
      const own = Object.keys(chapter.slots);
      const all = [...texts(chapter), ...Object.values(chapter.slots).flat()];
      const named = new Set(all.flatMap((text) => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!)));
      expect(
        [...named].filter((name) => !own.includes(name) && !Object.hasOwn(shared, name)),
        chapter.category,
      ).toEqual([]);
      expect(
        own.filter((name) => !named.has(name)),
        chapter.category,
      ).toEqual([]);
      // A brace of any other kind would be printed as it stands.
      expect(
        all.findIndex((text) => /[{}]/.test(text.replace(/\{\w+\}/g, ""))),
        chapter.category,
      ).toBe(-1);
    }
  });

  test("writes acts as bare infinitives", () => {
    for (const { category, acts, harmful_acts, harmless_acts } of chapters) {
      const wrong = [...acts.flat(), ...harmful_acts, ...harmless_acts].findIndex((act) => /^(to |\W|[A-Z])|[.?!]$/.test(act));
      expect(wrong, category).toBe(-1);
    }
  });

  test("puts no sexual word beside a word for minors in the chapters about sex, slots and terms included", () => {
    for (const chapter of chapters.filter((c) => c.category === "sexual-content" || c.category === "sex-crimes")) {
      expect(texts(chapter).length).toBeGreaterThan(100);
      expect(
        texts(chapter).findIndex((text) => isSexual(text) && namesMinor(text)),
        chapter.category,
      ).toBe(-1);
      expect([...Object.values(chapter.slots).flat(), ...chapter.terms].findIndex(namesMinor), chapter.category).toBe(-1);
    }
  });

  test("puts none into a harmful text of any other chapter either", () => {
    for (const c of chapters) {
      const harmful = [...[...c.acts, ...c.posts].map(([side]) => side), ...c.harmful_acts, ...c.harmful_posts];
      expect(
        harmful.findIndex((text) => isSexual(text) && namesMinor(text)),
        c.category,
      ).toBe(-1);
    }
  });
});

describe("a chapter with a mistake", () => {
  const SECRET = "zorblax";
  const head = "category: hate\ntitle: Hate\ndefinition: words\n";
  const read = async (text: string): Promise<CordonError> => {
    const path = join(folder, "chapter.yaml");
    await writeFile(path, text);
    const error: unknown = await readYaml(path, chapterSchema).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(CordonError);
    const { message } = error as CordonError;
    expect(message).not.toContain("\n");
    expect(message).not.toContain(SECRET);
    expect(inspect((error as CordonError).cause)).not.toContain(SECRET);
    return error as CordonError;
  };
  const line = (n: number) => expect.stringMatching(new RegExp(`chapter\\.yaml:${n}$`)) as string;

  test.each([
    ["no YAML", `${head}acts:\n  - ["${SECRET}", "b"\nposts: []\n`, 6, /not YAML/],
    ["a tab", `${head}acts:\n\t- ${SECRET}\n`, 5, /not YAML/],
    ["a key twice", `${head}title: ${SECRET}\n`, 4, /not YAML \(duplicate key\)/],
    ["a pair of three", `${head}acts:\n  - ["a", "b"]\n  - ["a", "b", "${SECRET}"]\n`, 6, /acts\.1/],
    ["a colon that makes a text a mapping", `${head}harmless_acts:\n  - fine\n  - say this: ${SECRET}\n`, 6, /harmless_acts\.1/],
    ["a field that there is not", `${head}harmles_posts: [${SECRET}]\n`, 4, /no field is called harmles_posts/],
    ["a text for a field", `${head}${SECRET} and so on: x\n`, 4, /no field is called \(a text\)/],
    ["an unknown category", `category: ${SECRET}\ntitle: x\ndefinition: x\n`, 1, /category/],
    ["a slot without values", `${head}slots:\n  who: [a]\n  what: []\n`, 6, /slots\.what/],
    ["a field that is missing", `category: hate\nalso:\n  - threats\ntitle: ${SECRET}\n`, 1, /definition/],
  ])("%s: the line, and not the text", async (_, text, at, what) => {
    const error = await read(text);
    expect(error.code).toBe("data/malformed-row");
    expect(error.where).toEqual(line(at));
    expect(error.message).toMatch(what);
  });

  test("a text that begins with an asterisk is an alias of nothing", async () => {
    const error = await read(`${head}harmless_posts:\n  - *${SECRET}\n`);
    expect(error.message).toMatch(/alias.*quotes/);
  });

  test("harmful text of child exploitation is refused", async () => {
    const rules = "category: child-exploitation\ntitle: x\ndefinition: x\nharmless_acts: [fine]\n";
    for (const field of ["harmful_acts", "harmful_posts"]) expect((await read(`${rules}${field}: [${SECRET}]\n`)).where).toEqual(line(5));
    for (const field of ["acts", "posts"]) expect((await read(`${rules}${field}: [[${SECRET}, b]]\n`)).message).toMatch(/no harmful text/);
    expect((await read(`${head}also: [child-exploitation]\nharmful_posts: [${SECRET}]\n`)).where).toEqual(line(5));
  });

  test("no folder and an empty one", async () => {
    await expect(readConstitution(join(folder, "none"))).rejects.toMatchObject({ code: "usage/missing-file" });
    await rm(join(folder, "chapter.yaml"), { force: true });
    await expect(readConstitution(folder)).rejects.toMatchObject({ code: "usage/missing-file", where: folder });
  });
});
