import { mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { EXAMPLES_FILE } from "#datasets/gates/pass-gates";
import type { GenerationManifest } from "#datasets/generate/generate";
import { recipeNames } from "#datasets/recipe";
import { spawnCordon } from "#scripts/spawn-cordon";
import { collectSeeds } from "./generate.ts";

let scratch: string;
const at = (...names: string[]) => join(scratch, ...names);
const cordon = (...args: string[]) => spawnCordon(["generate", ...args], scratch).ended;

const RECIPE = `name: mine
description: d
strategies:
  - kind: grammar
    chapters: [jailbreak]
    act_variants: 2
    post_variants: 1
    pages: 3
  - kind: benchmark
    seeds: quiz
    from: /nonexistent
    format: mmlu
    harmful: [virology]
    license: MIT
`;

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "cordon-generate-"));
  await writeFile(at("mine.yaml"), RECIPE);
  await mkdir(at("quiz"));
  for (const subject of ["virology", "history"]) {
    await writeFile(
      at("quiz", `${subject}_test.csv`),
      Array.from({ length: 12 }, (_, i) => `Which ${subject} zorblax is ${i}?,a,b,c,d${i},D\n`).join(""),
    );
  }
});
afterAll(() => rm(scratch, { recursive: true }));

describe("cordon generate", () => {
  it("writes the recipe's examples, tells counts on stdout and progress on stderr, and prints no text", async () => {
    const { code, stdout, stderr } = await cordon("--recipe", "mine.yaml", "--seeds", "quiz=quiz", "--out", "out", "--json");
    expect(stderr).toMatch(/^\d+ examples in out\/examples\.jsonl \(\d+\.\d s\)\n$/);
    expect(code).toBe(0);
    const manifest = JSON.parse(stdout) as GenerationManifest;
    expect(manifest).toEqual(JSON.parse(await readFile(at("out/manifest.json"), "utf8")));
    expect(manifest).toMatchObject({
      recipe: { name: "mine" },
      seeds: { quiz: "quiz" },
      counts: { harmful: { jailbreak: { "grammar/page": 3 } } },
    });
    const texts = (await readFile(at("out", EXAMPLES_FILE), "utf8"))
      .trim()
      .split("\n")
      .map((line) => (JSON.parse(line) as { text: string }).text);
    expect(texts).toHaveLength(manifest.rows);
    expect(texts.filter((text) => text.includes("zorblax")).length).toBeGreaterThan(50);

    const again = await cordon("--recipe", "mine.yaml", "--seeds", "quiz=quiz", "--out", "out");
    expect(again.code).toBe(0);
    expect(again.stdout).toMatch(/^topic +side +candidates .* kept\n/);
    expect(again.stdout).toMatch(/\njailbreak +harmful +\d+/);
    expect(again.stdout).toMatch(/\d+ examples, \d+ harmful; .*train \d+/);
    expect(texts.some((text) => (again.stdout + stdout).includes(text))).toBe(false);
  });

  it.concurrent.each<[string, string[], RegExp]>([
    [
      "--seeds of a name that the recipe lacks",
      ["--recipe", "mine.yaml", "--seeds", "quizz=quiz"],
      /^cordon: the recipe mine has no seeds named quizz \(--seeds\): it has quiz/,
    ],
    ["--seeds of a recipe that takes none", ["--seeds", "mmlu=quiz"], /this recipe takes none/],
    ["--seeds without a reference", ["--seeds", "mmlu"], /expected NAME=REF/],
    ["seeds that are not there", ["--recipe", "mine.yaml"], /\/nonexistent/],
    ["a recipe that is not there", ["--recipe", "nonsense"], /^cordon: no such recipe \(nonsense\): a file, or one of .*cbrn, .*embedded/],
    ["a recipe that is a folder", ["--recipe", "quiz"], /^cordon: a folder stands where a file is read \(quiz\)/],
    ["no --out", ["--recipe", "mine.yaml", "NO OUT"], /--out/],
  ])("%s: one line, exit 2, nothing written", async (_, args, message) => {
    // Each its own: a run names what another that goes on has beside the same --out.
    const out = args.includes("NO OUT") ? [] : ["--out", `refused-${args.at(-1)}`];
    const { code, stdout, stderr } = await cordon(...args.filter((arg) => arg !== "NO OUT"), ...out);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(new RegExp(message, "m"));
    expect(
      stderr
        .trim()
        .split("\n")
        .filter((line) => !line.startsWith("(") && !line.startsWith("generating ")),
    ).toHaveLength(1);
    expect(await readdir(scratch)).not.toContain(`refused-${args.at(-1)}`);
  });

  it("a recipe with a mistake: one line with file and line, exit 1, no text of it", async () => {
    const mistakes = [
      [RECIPE.replace("pages: 3", "pages: zorblax"), 8, "strategies.0.pages"],
      [RECIPE.replace("    license: MIT\n", ""), 9, "strategies.1.license"],
      [RECIPE.replace("[jailbreak]", "[jailbreak"), 6, "not YAML"],
      [RECIPE.replace("description: d", "descripton: zorblax"), 1, "description"],
    ] as const;
    await Promise.all(
      mistakes.map(async ([text, line, what], i) => {
        await writeFile(at(`broken${i}.yaml`), text);
        const { code, stderr, stdout } = await cordon("--recipe", `broken${i}.yaml`, "--out", "refused");
        expect(stderr).toContain(`(broken${i}.yaml:${line})`);
        expect(stderr).toContain(what);
        expect([code, stdout, stderr.trim().split("\n").length, stderr.includes("zorblax")]).toEqual([1, "", 1, false]);
      }),
    );
    expect(await readdir(scratch)).not.toContain("refused");
  });

  it("its help names every recipe that ships", async () => {
    const { stdout } = await cordon("--help");
    for (const name of await recipeNames()) expect(stdout).toMatch(new RegExp(`^.*\\b${name}\\b`, "m"));
  });

  it("a folder with something else in it is refused and left alone", async () => {
    await mkdir(at("foreign"));
    await writeFile(at("foreign/thesis.txt"), "years of work");
    const { code, stderr } = await cordon("--recipe", "mine.yaml", "--seeds", "quiz=quiz", "--out", "foreign");
    expect(code).toBe(2);
    expect(stderr).toMatch(/^cordon: the folder is not empty and holds no manifest\.json \(foreign\): choose another --out/);
    expect(await readdir(at("foreign"))).toEqual(["thesis.txt"]);
  });
});

it("--seeds NAME=REF keeps what follows the first sign", () => {
  expect(collectSeeds("a=hf:x/y?z=1", { b: "c" })).toEqual({ a: "hf:x/y?z=1", b: "c" });
  for (const wrong of ["", "=x", "a=", "a"]) expect(() => collectSeeds(wrong, {})).toThrow("NAME=REF");
});
