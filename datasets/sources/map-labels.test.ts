import { existsSync } from "node:fs";
import fc from "fast-check";
import { expect, test } from "vitest";
import { expandGlobs } from "#datasets/files/globs";
import { readLines } from "#datasets/files/lines";
import { categoryState } from "#datasets/example";
import { CATEGORY_IDS, type CategoryId } from "#models/taxonomy";
import { mapLabels } from "./map-labels.ts";
import { SOURCES, sourceMap, sourceName } from "./table.ts";

const state = (source: string, label: 0 | 1, labels: string[], category: CategoryId) =>
  categoryState(mapLabels(source, { label, labels }), category);

test.each([
  ["ailuminate-demo", 1, ["hte"], { label: 1, categories: ["hate"], unknown: ["*"] }],
  ["ailuminate-demo", 1, ["iwp"], { label: 1, categories: [], unknown: ["*"] }],
  ["ailuminate-demo", 1, ["spc_hlt"], { label: 1, categories: ["specialized-advice"], unknown: ["*"] }],
  ["ailuminate-demo", 1, ["sxc_prn"], { label: 1, categories: ["sexual-content"], unknown: ["*"] }],
  ["do-not-answer", 1, ["malicious_uses"], { label: 1, categories: [], unknown: ["*"] }],
  ["harmfulqa", 1, ["Biology", "Genetics"], { label: 1, categories: [], unknown: ["*"] }],
  ["catqa", 1, ["Illegal Activity", "Cybercrime"], { label: 1, categories: ["cyber"], unknown: ["*"] }],
  ["cyberseceval-mitre", 1, ["Exfil"], { label: 1, categories: ["cyber"], unknown: ["*"] }],
  ["jailbreaks-in-the-wild", 1, ["jailbreak"], { label: 1, categories: ["jailbreak"], unknown: ["*"] }],
  ["alpaca-5000", 0, [], { label: 0, categories: [], unknown: [] }],
  ["advbench", 1, [], { label: 1, categories: [], unknown: ["*"] }],
  ["hatemoji-build", 1, ["threateninglanguage"], { label: 1, categories: ["hate", "threats"], unknown: ["*"] }],
  ["my-own-set", 1, ["S10", "violence/graphic", "else"], { label: 1, categories: ["hate", "graphic-violence"], unknown: ["*"] }],
  ["my-own-set", 1, ["Copyright Issues", "cyber"], { label: 1, categories: ["cyber", "intellectual-property"], unknown: ["*"] }],
  ["my-own-set", 0, [], { label: 0, categories: [], unknown: ["*"] }],
  ["constructor", 1, ["toString"], { label: 1, categories: [], unknown: ["*"] }],
] as const)("%s %i %j", (source, label, labels, expected) => {
  expect(mapLabels(source, { label, labels: [...labels] })).toEqual(expected);
});

test("davidson: offensive tweets are harassment and harmful, though the file's label is 0; hate is absent in them", () => {
  expect(mapLabels("davidson", { label: 0, labels: ["offensive"] })).toMatchObject({ label: 1, categories: ["harassment"] });
  expect(state("davidson", 0, ["offensive"], "hate")).toBe(0);
  expect(state("davidson", 0, ["offensive"], "threats")).toBe(-1);
  expect(mapLabels("davidson", { label: 1, labels: ["hate"] })).toEqual({ label: 1, categories: ["hate"], unknown: ["*"] });
  const neither = mapLabels("davidson", { label: 0, labels: ["neither"] });
  expect(neither.label).toBe(0);
  expect(neither.unknown).toEqual(CATEGORY_IDS.filter((c) => c !== "hate" && c !== "harassment"));
});

test.each(["hatemoji-build", "ethos", "toxigen-demonstrations"])("%s: its harmless rows hold no hate and say nothing else", (source) => {
  const mapped = mapLabels(source, { label: 0, labels: source === "hatemoji-build" ? ["none"] : [] });
  expect(mapped).toEqual({ label: 0, categories: [], unknown: CATEGORY_IDS.filter((c) => c !== "hate") });
});

test("beavertails: repeats count once, what it annotates is absent unless another label leaves it open", () => {
  const labels = ["privacy_violation", "hate_speech_offensive_language", "privacy_violation"];
  expect(mapLabels("beavertails-prompts", { label: 1, labels }).categories).toEqual(["privacy"]);
  expect(state("beavertails-prompts", 1, labels, "self-harm")).toBe(0);
  expect(state("beavertails-prompts", 1, labels, "hate")).toBe(-1);
  expect(state("beavertails-prompts", 1, labels, "biological")).toBe(-1);
  expect(state("beavertails-prompts", 1, [...labels, "discrimination_stereotype_injustice"], "hate")).toBe(1);
  // A name that the table lacks leaves everything open.
  expect(state("beavertails-prompts", 1, ["privacy_violation", "new_name"], "self-harm")).toBe(-1);
});

test("hatecheck: abuse outside protected groups is harmful, but no hate", () => {
  expect(mapLabels("hatecheck", { label: 0, labels: ["target_indiv_nh"] })).toMatchObject({ label: 1, categories: ["harassment"] });
  expect(state("hatecheck", 0, ["target_indiv_nh"], "hate")).toBe(0);
});

test.each(Object.keys(SOURCES))("%s: every mapping is consistent", (source) => {
  const map = sourceMap(source)!;
  const names = [...Object.keys(map.labels), "never-heard-of"];
  fc.assert(
    fc.property(fc.subarray(names), fc.constantFrom(0 as const, 1 as const), (labels, label) => {
      const mapped = mapLabels(source, { label, labels: [...labels, ...labels] });
      expect(mapped).toEqual(mapLabels(source, { label, labels: labels.toReversed() }));
      expect(mapped.categories.filter((c) => mapped.unknown.includes(c))).toEqual([]);
      if (mapped.label === 0) expect(mapped.categories).toEqual([]);
      // A harmful row's categories are not all ruled out: it is harmful for some reason.
      else expect(mapped.categories.length + mapped.unknown.length).toBeGreaterThan(0);
    }),
    { numRuns: 50 },
  );
});

test.each([
  ["a/b/beavertails-prompts.jsonl.gz", "beavertails-prompts"],
  ["Davidson.CSV", "davidson"],
  ["x/toxigen-demonstrations-00000-of-00002.parquet", "toxigen-demonstrations"],
  ["set.v2.jsonl", "set.v2"],
])("%s comes from %s", (path, name) => {
  expect(sourceName(path)).toBe(name);
});

const data = "../shared/data";
test.skipIf(!existsSync(data))("every label name of the development data is in its source's table (skipped without the data)", async () => {
  for (const path of await expandGlobs([`${data}/{train,dev}/*.jsonl.gz`])) {
    const map = sourceMap(sourceName(path));
    expect(map, path).toBeDefined();
    if (map!.otherNames) continue;
    const names = new Set<string>();
    for await (const { text } of readLines(path)) for (const name of (JSON.parse(text) as { labels: string[] }).labels) names.add(name);
    expect([...names].filter((name) => !Object.hasOwn(map!.labels, name))).toEqual([]);
  }
});
