import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConstitution } from "./constitution.ts";
import { readDomain } from "./domains/domain.ts";
import { generatorsInUse, readRecipe, recipeHash, recipeNames, resolveRecipe } from "./recipe.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cordon-recipe-"));
});
afterAll(() => rm(folder, { recursive: true }));

const own = async (text: string) => {
  const path = join(folder, "mine.yaml");
  await writeFile(path, text);
  return readRecipe(path);
};
const HEAD = "name: mine\ndescription: d\n";
/** Lines 3 to 7. */
const GENERATORS = "generators:\n  big:\n    kind: endpoint\n    base_url: http://localhost:8000/v1\n    model: m\n";

test("every recipe that ships reads, under its file's name, and names chapters and domains that there are", async () => {
  const chapters = (await readConstitution()).map((c) => c.category as string);
  const names = await recipeNames();
  expect(names).toEqual(expect.arrayContaining(["cbrn", "embedded", "filter-standin", "guardrail"]));
  for (const name of names) {
    const recipe = await readRecipe(name);
    expect(recipe.name).toBe(name);
    for (const strategy of recipe.strategies) {
      if (strategy.kind === "grammar") expect(chapters).toEqual(expect.arrayContaining(strategy.chapters ?? []));
      if (strategy.kind === "domain") await readDomain(strategy.domain);
      if (strategy.kind === "benchmark") expect(strategy.license).not.toBe("");
    }
  }
});

test("a file gets the defaults; its hash is of what it says, not of how it is laid out", async () => {
  const recipe = await own(`${HEAD}strategies: [{kind: grammar}]\n`);
  expect(recipe).toMatchObject({
    seed: 1,
    gates: { min_characters: 2, max_characters: 20000 },
    train: {},
    strategies: [{ act_variants: 5, pages: 60 }],
  });
  const again = await own(`# a comment\n${HEAD}seed: 1\nstrategies:\n  - kind: grammar\n    pages: 60\n`);
  expect(recipeHash(again)).toBe(recipeHash(recipe));
  expect(recipeHash({ ...recipe, seed: 2 })).not.toBe(recipeHash(recipe));
});

test.each([
  ["no strategy", "strategies: []\n", 3, /strategies/],
  ["an unknown kind", "strategies:\n  - kind: grammar\n  - kind: magic\n", 5, /strategies\.1\.kind/],
  ["a misspelt field", "strategies:\n  - kind: grammar\n    pagse: 3\n", 5, /no field is called pagse/],
  ["a field of another kind", "strategies:\n  - kind: domain\n    domain: x\n    pages: 3\n", 6, /no field is called pages/],
  ["a number that is none", "strategies:\n  - kind: grammar\n    pages: many\n", 5, /strategies\.0\.pages/],
  ["a negative one", "strategies:\n  - kind: grammar\n    pages: -1\n", 5, /strategies\.0\.pages/],
  ["a field that is missing", "strategies:\n  - kind: grammar\n  - kind: domain\n", 5, /strategies\.1\.domain/],
  ["a train option out of range", "strategies: [{kind: grammar}]\ntrain:\n  bits: 40\n", 5, /train\.bits/],
  ["no YAML", "strategies: [\n", 4, /not YAML/],
  [
    "a chapter that there is not",
    "strategies:\n  - kind: dialogue\n    chapters: [hate, hat]\n",
    5,
    /chapters\.1: no such chapter: there are benign, biological, /,
  ],
  [
    "the same of the grammar",
    "strategies:\n  - kind: grammar\n    chapters: [hat]\n",
    5,
    /chapters\.0: no such chapter: there are benign, /,
  ],
  [
    "the chapter of which nothing is written",
    "strategies:\n  - kind: replies\n    chapters:\n      - hate\n      - child-exploitation\n",
    7,
    /no text of child-exploitation is ever generated/,
  ],
  [
    "the same among the texts of a strategy",
    "strategies:\n  - kind: rephrase\n    texts:\n      chapters: [child-exploitation]\n",
    6,
    /no text of child-exploitation/,
  ],
  ["a form that there is not", "strategies:\n  - kind: rephrase\n    forms: [lecture, sonnet]\n", 5, /forms\.1/],
  ["a transform that there is not", "strategies:\n  - kind: transforms\n    transforms: [base65]\n", 5, /transforms\.0/],
  [
    "texts of a data set without its format",
    "strategies:\n  - kind: rephrase\n    texts: {seeds: a, from: b}\n",
    5,
    /texts\.from: needs `format`/,
  ],
  [
    "texts of a data set without a generator",
    "strategies:\n  - kind: rephrase\n    texts: {seeds: a, from: b, format: examples}\n",
    5,
    /texts\.from: needs a `generator`/,
  ],
  ["copies of nothing", "strategies:\n  - kind: transforms\n  - kind: grammar\n", 4, /strategies\.0\.kind: .*above it, and there are none/],
  [
    "texts of both kinds",
    "strategies:\n  - kind: rephrase\n    texts:\n      from: b\n      seeds: a\n      format: examples\n      per_chapter: 3\n",
    9,
    /goes with the constitution/,
  ],
  ["a strategy that needs a generator", "strategies:\n  - kind: refine\n", 4, /refine needs a `generator`/],
  [
    "a generator of a recipe that has none",
    "strategies:\n  - kind: refine\n    license: MIT\n    generator: big\n",
    6,
    /no generator is called big: the recipe has none/,
  ],
  [
    "a generator that the recipe does not have",
    `${GENERATORS}strategies:\n  - kind: refine\n    license: MIT\n    generators:\n      harmful: big\n      harmless: small\n`,
    13,
    /strategies\.0\.generators\.harmless: no generator is called small: there are big/,
  ],
  [
    "one generator beside two",
    `${GENERATORS}strategies:\n  - kind: refine\n    license: MIT\n    generator: big\n    generators: {harmful: big, harmless: big}\n`,
    11,
    /take one of them/,
  ],
  ["a model's texts without a licence", `${GENERATORS}strategies:\n  - kind: dialogue\n    generator: big\n`, 9, /needs a `license`/],
  [
    "a judge that the recipe does not have",
    `${GENERATORS}strategies: [{kind: grammar}]\ngates:\n  judge:\n    generator: small\n`,
    11,
    /gates\.judge\.generator: no generator is called small: there are big/,
  ],
  [
    "a key in the place of its variable's name",
    `${GENERATORS}    key_env: sk-123\nstrategies: [{kind: grammar}]\n`,
    8,
    /name of an environment variable/,
  ],
])("%s is one line with file and line", async (_, text, line, what) => {
  const error = (await own(HEAD + text).catch((e: unknown) => e)) as Error;
  expect(error).toMatchObject({ code: "data/malformed-row", where: expect.stringMatching(new RegExp(`mine\\.yaml:${line}$`)) });
  expect(error.message).toMatch(what);
  expect(error.message).not.toContain("\n");
});

test("files that are no recipe at all", async () => {
  await expect(own("# nothing\n")).rejects.toThrow(/^the file: holds nothing \(.*mine\.yaml:1\)/);
  await expect(own(`${HEAD}# no more\n`)).rejects.toThrow(/^strategies: is missing \(.*mine\.yaml:1\)/);
  await expect(own("name: mine\ndescription: *starred\n")).rejects.toThrow(/an alias that names nothing\) \(.*mine\.yaml:2\)/);
  const path = join(folder, "latin1.yaml");
  await writeFile(path, Buffer.from(`${HEAD}# na\xefve\n`, "latin1"));
  await expect(readRecipe(path)).rejects.toMatchObject({ code: "data/unreadable", where: path });
});

test("variables of generators are replaced before the recipe is hashed and run; only the generators that are asked are in use", async () => {
  const recipe = await own(
    `${HEAD}${GENERATORS.replace("http://localhost:8000/v1", "${THE_URL}")}  idle: {kind: local, model: m}\nstrategies: [{kind: refine, generator: big, license: MIT}]\n`,
  );
  expect(generatorsInUse(recipe)).toEqual(["big"]);
  expect(() => resolveRecipe(recipe, "mine", {})).toThrow("generators.big.base_url: the environment variable THE_URL is not set (mine)");
  const [one, two] = ["http://a/v1", "http://b/v1"].map((url) => resolveRecipe(recipe, "mine", { THE_URL: url }));
  expect(one!.generators!["big"]).toMatchObject({ base_url: "http://a/v1" });
  expect(recipeHash(one!)).not.toBe(recipeHash(two!));
});

test("recipes with endpoints ask a helpful-only model for the harmful side and an aligned one for the harmless side", async () => {
  for (const name of await recipeNames()) {
    const { strategies } = await readRecipe(name);
    for (const strategy of strategies) {
      if (!("generators" in strategy) && !("generator" in strategy)) continue;
      const { generator, generators } = strategy;
      if (generators !== undefined) expect(generators).toEqual({ harmful: "harmful", harmless: "harmless" });
      if (generator !== undefined) expect(strategy).toMatchObject({ harmful: generator === "harmful" ? "all" : [] });
    }
  }
});

test("a recipe that there is not: the names of those that there are", async () => {
  await expect(readRecipe("nonsense")).rejects.toThrow(/no such recipe \(nonsense\).*embedded/);
  await expect(readRecipe(folder)).rejects.toMatchObject({ code: "usage/missing-file", exit: 2 });
  await expect(readRecipe("../recipes/embedded")).rejects.toMatchObject({ code: "usage/missing-file" });
});
