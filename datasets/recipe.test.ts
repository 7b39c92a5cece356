import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConstitution } from "./constitution.ts";
import { readDomain } from "./domains/domain.ts";
import { readRecipe, recipeHash, recipeNames } from "./recipe.ts";

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
])("%s is one line with file and line", async (_, text, line, what) => {
  const error = (await own(HEAD + text).catch((e: unknown) => e)) as Error;
  expect(error).toMatchObject({ code: "data/malformed-row", where: expect.stringMatching(new RegExp(`mine\\.yaml:${line}$`)) });
  expect(error.message).toMatch(what);
  expect(error.message).not.toContain("\n");
});

test("a recipe that there is not: the names of those that there are", async () => {
  await expect(readRecipe("nonsense")).rejects.toThrow(/no such recipe \(nonsense\).*embedded/);
  await expect(readRecipe(folder)).rejects.toMatchObject({ code: "usage/missing-file", exit: 2 });
  await expect(readRecipe("../recipes/embedded")).rejects.toMatchObject({ code: "usage/missing-file" });
});
