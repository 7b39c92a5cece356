import { expect, test } from "vitest";
import { parse } from "yaml";
import { fixtureManifest } from "./fixture-package.ts";
import { renderModelCard } from "./model-card.ts";

test("front matter that a hub can read, with the held-out metrics and no nulls", () => {
  const card = renderModelCard({
    ...fixtureManifest(),
    heldOut: { harmful: { auroc: 0.912345, average_precision: null, brier: 0.05 }, hate: { rows: 0 } },
  });
  const front = /^---\n(.*?)---\n/s.exec(card)![1]!;
  const index = (parse(front) as { "model-index": { name: string; results: { dataset: { name: string }; metrics: object[] }[] }[] })[
    "model-index"
  ][0]!;
  expect(index.name).toBe("fixture");
  expect(index.results.map((r) => r.dataset.name)).toEqual(["held-out lineages, harmful", "held-out lineages, hate"]);
  expect(index.results[0]!.metrics).toEqual([
    { type: "auroc", name: "AUROC", value: 0.912345 },
    { type: "brier", name: "Brier score", value: 0.05 },
  ]);
});

test("a row for each label, with its threshold and how it was chosen; a dash where there is nothing", () => {
  const card = renderModelCard({ ...fixtureManifest(), heldOut: { harmful: { auroc: 0.912345 } } });
  expect(card).toContain("| harmful | 3 | 0.912 | – | 0.500 | by hand |");
  expect(card).toContain("| hate | 0 | – | – | – | – |");
  expect(card).toContain("`probabilities`, N × 3");
});

test("names that YAML could misread stay what they are", () => {
  const name = 'a: "model" #1 - [x]';
  const card = renderModelCard({ ...fixtureManifest(), name });
  expect((parse(/^---\n(.*?)---\n/s.exec(card)![1]!) as { "model-index": { name: string }[] })["model-index"][0]!.name).toBe(name);
});

test("what it is made of: architecture, data, seed, revision", () => {
  const words = renderModelCard(fixtureManifest());
  expect(words).toContain("hashed word 1-2-grams, 2^12 buckets");
  expect(words).toContain(`7 examples, sha256 \`${"0".repeat(64)}\`, seed 4, revision \`abc\``);
  const architecture = { ...fixtureManifest().architecture, charNgrams: { min: 3, max: 4 } };
  expect(renderModelCard({ ...fixtureManifest(), architecture })).toContain("hashed character 3-4-grams and word 1-2-grams");
});
