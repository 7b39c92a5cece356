import { expect, test } from "vitest";
import { splitOfSeed } from "#datasets/splits";
import { type Domain, domainExamples, readDomain } from "./domain.ts";

const DOMAIN: Domain = {
  domain: "toys",
  title: "Toys",
  definition: "d",
  topics: [
    { title: "blocks", terms: ["brickone", "bricktwo"] },
    { title: "dolls", terms: ["dollone", "dolltwo"] },
  ],
  adjacent: [{ title: "tools", terms: ["toolone", "tooltwo"] }],
};
const passages = (seed = 1) => [...domainExamples(DOMAIN, 200, seed)];

test("as many passages of each side, each of its own side's terms", () => {
  const rows = passages();
  expect(rows.filter((row) => row.label === 1)).toHaveLength(200);
  expect(rows.filter((row) => row.label === 0)).toHaveLength(200);
  for (const { text, label, categories, unknown } of rows) {
    expect(/toolone|tooltwo/.test(text)).toBe(label === 0);
    expect(/brick|doll/.test(text)).toBe(label === 1);
    expect(categories).toEqual([]);
    expect(unknown).toEqual(label === 1 ? ["*"] : []);
  }
});

test("most terms of a passage are its own topic's, which its seed names", () => {
  const dolls = passages().filter((row) => row.lineage!.seedIds[0]!.startsWith("domain/toys/dolls/"));
  const count = (pattern: RegExp) => dolls.reduce((sum, row) => sum + (row.text.match(pattern)?.length ?? 0), 0);
  expect(dolls.length).toBeGreaterThan(50);
  expect(dolls.every((row) => row.text.startsWith("dolls "))).toBe(true);
  const own = count(/doll(one|two)/g);
  expect(own / (own + count(/brick/g))).toBeCloseTo(0.9, 1);
});

test("the same seed gives the same passages, and they fall into every split", () => {
  expect(passages()).toEqual(passages());
  expect(passages(2)[0]!.text).not.toBe(passages()[0]!.text);
  expect(new Set(passages().map((row) => splitOfSeed(row.lineage!.seedIds[0]!)))).toEqual(new Set(["train", "calibration", "test"]));
});

test("the description that ships reads, its sides share no term, and a missing one is a usage error", async () => {
  const { topics, adjacent } = await readDomain("microbiology");
  const terms = (side: Domain["topics"]) => new Set(side.flatMap((topic) => topic.terms.map((term) => term.toLowerCase())));
  expect(topics.length).toBeGreaterThan(5);
  expect([...terms(topics)].filter((term) => terms(adjacent).has(term))).toEqual([]);
  await expect(readDomain("nonsense")).rejects.toMatchObject({ code: "usage/missing-file", where: "nonsense" });
});
