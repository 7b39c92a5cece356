import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Example } from "#datasets/example";
import { collect } from "#datasets/files/collect";
import { readExamples } from "#datasets/files/read-examples";
import { BENIGN, type Chapter, chapterSchema, readConstitution } from "#datasets/constitution";
import { EXAMPLES_FILE, passGates } from "#datasets/gates/pass-gates";
import { isSexual } from "#datasets/minors";
import { readRecipe } from "#datasets/recipe";
import { splitOfSeed } from "#datasets/splits";
import { namesMinor } from "#models/minor-words";
import { relatedCategories } from "#models/taxonomy";
import { type Frames, type Slots, readFrames } from "./frames.ts";
import { grammarExamples } from "./grammar.ts";

let grammar: { frames: Frames; slots: Slots };
let chapters: Chapter[];
beforeAll(async () => {
  grammar = await readFrames();
  chapters = await readConstitution();
});

const strategy = (row: Example) => row.lineage!.ops[0]!.name;
const chapterOf = (row: Example) => row.lineage!.seedIds[0]!.split("/")[0]!;

describe("the frames and shared slots", () => {
  test("name only slots that there are; each frame of an act holds it once", () => {
    const { pages, prose, ...frames } = grammar.frames;
    const known = new Set(["act", "Act", "acting", "Acting", "term", "term2", "Term", ...Object.keys(grammar.slots)]);
    const framesOfActs = [...Object.values(frames).flat(), ...Object.values(pages).flat()];
    for (const frame of [...framesOfActs, ...prose]) {
      for (const [, name] of frame.matchAll(/\{(\w+)\}/g)) expect(known, frame).toContain(name);
      expect(namesMinor(frame), frame).toBe(false);
    }
    for (const frame of framesOfActs) expect(frame.match(/\{[Aa]ct(ing)?\}/g), frame).toHaveLength(1);
    for (const [name, values] of Object.entries(grammar.slots)) expect(new Set(values).size, name).toBe(values.length);
  });
});

describe("a small chapter", () => {
  const chapter = chapterSchema.parse({
    category: "threats",
    title: "t",
    definition: "d",
    also: ["harassment"],
    slots: { who: ["Ann", "Bob", "Cem"], role: ["boss", "friend"] },
    acts: [
      ["scare {who}", "greet {who}"],
      ["follow my {role} home", "walk my {role} home"],
      ["shout at {who}", "talk to {who}"],
    ],
    harmless_acts: ["bake bread"],
    posts: [
      ["{who}, run away", "{who}, come over"],
      ["you will pay, {who}.", "you will win, {who}."],
    ],
    terms: ["threat", "menace", "duress"],
  });
  const options = { seed: 5, actVariants: 8, postVariants: 8, pages: 12, prose: 6 };
  const rows = () => [...grammarExamples([chapter], grammar, options)];

  test("counts: a row for each side and variant, two a page and monologue, one a passage of prose", () => {
    const counts = Object.groupBy(rows(), strategy);
    expect(Object.fromEntries(Object.entries(counts).map(([name, list]) => [name, list!.length]))).toEqual({
      "grammar/act": 8 * (3 * 2 + 1),
      "grammar/post": 8 * 2 * 2,
      "grammar/page": 24,
      "grammar/monologue": 24,
      "grammar/prose": 6,
    });
  });

  test("both sides of a pair name it", () => {
    const pairs = Map.groupBy(
      rows().filter((r) => r.pair !== undefined),
      (r) => r.pair!,
    );
    for (const sides of pairs.values()) {
      expect(new Set(sides.map((r) => r.label)).size).toBe(2);
      expect(new Set(sides.map((r) => r.lineage!.seedIds[0])).size).toBe(1);
    }
  });

  test("the same seed gives the same rows, another one others", () => {
    expect(rows()).toEqual(rows());
    const other = [...grammarExamples([chapter], grammar, { ...options, seed: 6 })];
    expect(other.map((r) => r.text)).not.toEqual(rows().map((r) => r.text));
    expect(other.map((r) => r.lineage!.seedIds[0]).slice(0, 10)).toEqual(
      rows()
        .map((r) => r.lineage!.seedIds[0])
        .slice(0, 10),
    );
  });

  test("the sides of a pair stand side by side: same seeds, same frame, slots and style, other label", () => {
    const harmful = new Set(
      rows()
        .filter((row) => row.label === 1)
        .map((row) => row.lineage!.seedIds[0]),
    );
    const pairs = rows().filter((row) => harmful.has(row.lineage!.seedIds[0]));
    expect(pairs.length % 2).toBe(0);
    // Every word by which the sides differ, undone: what is left must be the same text, but for where a typo fell.
    const sides: [RegExp, string][] = [
      [/scaring|greeting/gi, "S"],
      [/scare|greet/gi, "S"],
      [/shouting at|talking to/gi, "T"],
      [/shout at|talk to/gi, "T"],
      [/following|walking/gi, "F"],
      [/follow|walk/gi, "F"],
      [/run away|come over/gi, "R"],
      [/pay|win/gi, "P"],
    ];
    const neutral = (text: string) => sides.reduce((t, [words, mark]) => t.replace(words, mark), text);
    let same = 0;
    for (let i = 0; i < pairs.length; i += 2) {
      const [harmful, harmless] = [pairs[i]!, pairs[i + 1]!];
      expect([harmful.label, harmless.label]).toEqual([1, 0]);
      expect(harmful.lineage).toEqual(harmless.lineage);
      expect(harmful.text).not.toBe(harmless.text);
      if (neutral(harmful.text) === neutral(harmless.text)) same++;
      else expect(neutral(harmful.text).length - neutral(harmless.text).length, "a typo").toBeLessThan(8);
    }
    expect(same / (pairs.length / 2)).toBeGreaterThan(0.85);
  });

  test("harmful rows carry the chapter's categories and leave its neighbours unknown; harmless rows know them all", () => {
    for (const row of rows()) {
      if (row.label === 0) expect([row.categories, row.unknown]).toEqual([[], []]);
      else {
        expect(row.categories).toEqual(["threats", "harassment"]);
        expect(row.unknown).toEqual(expect.arrayContaining(relatedCategories("threats").filter((c) => c !== "harassment")));
        expect(row.unknown).not.toContain("threats");
        expect(row.unknown).not.toContain("cyber");
      }
    }
  });

  test("pages and monologues are made of seeds of one split", () => {
    for (const row of rows()) expect(new Set(row.lineage!.seedIds.map(splitOfSeed)).size).toBe(1);
  });

  test("prose is harmless whatever its field", () => {
    expect(
      rows()
        .filter((row) => strategy(row) === "grammar/prose")
        .every((row) => row.label === 0),
    ).toBe(true);
  });
});

describe("the embedded constitution, with the default options", () => {
  let all: Example[];
  let kept: Example[];
  let dropped: Record<string, number>;
  beforeAll(async () => {
    const recipe = await readRecipe("embedded");
    all = [...grammarExamples(chapters, grammar, { seed: 1, actVariants: 5, postVariants: 4, pages: 60, prose: 60 })];
    const folder = await mkdtemp(join(tmpdir(), "cordon-grammar-"));
    const candidates = all.map((row) => ({ state: "row" as const, row }));
    ({ dropped } = await passGates(candidates, folder, { config: recipe.gates, seed: 1 }));
    kept = await collect(readExamples(join(folder, EXAMPLES_FILE)));
    await rm(folder, { recursive: true });
    expect(kept.length + Object.values(dropped).reduce((a, b) => a + b)).toBe(all.length);
  });

  test("gives at least 40,000 distinct texts of thousands of seeds, harmful and harmless", () => {
    const texts = new Set(kept.map((row) => row.text.toLowerCase().replace(/\s+/g, " ").trim()));
    expect(texts.size).toBe(kept.length);
    expect(texts.size).toBeGreaterThan(40_000);
    expect(new Set(kept.flatMap((row) => row.lineage!.seedIds)).size).toBeGreaterThan(5000);
    expect(new Set(kept.map((row) => row.id)).size).toBe(kept.length);
    const harmful = kept.filter((row) => row.label === 1).length;
    expect(harmful / kept.length).toBeGreaterThan(0.25);
    expect(harmful / kept.length).toBeLessThan(0.5);
  });

  test("leaves no slot unfilled", () => {
    expect(all.findIndex((row) => /[{}]|\[object/.test(row.text))).toBe(-1);
  });

  test("keeps no text with both labels", () => {
    const labels = new Map<string, number>();
    for (const { text, label } of kept) {
      const key = text.toLowerCase().replace(/\s+/g, " ").trim();
      expect(labels.get(key) ?? label).toBe(label);
      labels.set(key, label);
    }
  });

  test("never mixes splits: no row is dropped for its lineage, no seed stands in two splits", () => {
    expect(dropped["lineage"] ?? 0).toBe(0);
    const splits = new Map<string, string>();
    for (const row of kept) {
      for (const seed of row.lineage!.seedIds) {
        expect(splits.get(seed) ?? row.split).toBe(row.split);
        splits.set(seed, row.split!);
      }
    }
    const share = (split: string) => kept.filter((row) => row.split === split).length / kept.length;
    expect(share("train")).toBeCloseTo(0.8, 1);
    expect(share("calibration")).toBeGreaterThan(0.08);
    expect(share("test")).toBeGreaterThan(0.08);
  });

  test("drops few rows: duplicates of short posts, next to none for another reason", () => {
    expect(Object.keys(dropped).filter((gate) => dropped[gate]! > 0 && !["duplicate", "contradiction", "minors"].includes(gate))).toEqual(
      [],
    );
    expect((dropped["duplicate"] ?? 0) / all.length).toBeLessThan(0.2);
    expect(dropped["minors"] ?? 0).toBeLessThan(50);
    expect(dropped["contradiction"] ?? 0).toBeLessThan(50);
  });

  test("no harmful row puts sexual words beside words for minors; in the chapters about sex no row of either side does", () => {
    expect(kept.findIndex((row) => row.label === 1 && isSexual(row.text) && namesMinor(row.text))).toBe(-1);
    const sexual = all.filter((row) => ["sexual-content", "sex-crimes"].includes(chapterOf(row)));
    expect(sexual.length).toBeGreaterThan(1000);
    expect(sexual.findIndex((row) => isSexual(row.text) && namesMinor(row.text))).toBe(-1);
    // The harmful side names no minor at all.
    expect(sexual.findIndex((row) => row.label === 1 && namesMinor(row.text))).toBe(-1);
  });

  test("writes no harmful row of child exploitation or of ordinary use", () => {
    expect(all.some((row) => row.categories.includes("child-exploitation"))).toBe(false);
    for (const chapter of ["child-exploitation", BENIGN]) {
      const own = all.filter((row) => chapterOf(row) === chapter);
      expect(own.length).toBeGreaterThan(100);
      expect(own.every((row) => row.label === 0)).toBe(true);
    }
  });
});
