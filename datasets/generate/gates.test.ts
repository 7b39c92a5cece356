import fc from "fast-check";
import { expect, test } from "vitest";
import type { Example } from "#datasets/example";
import { splitOfSeed } from "#datasets/splits";
import { GATES, passGates, strategyOf } from "./gates.ts";

const OPTIONS = { min_characters: 2, max_characters: 40 };
let next = 0;
const row = (text: string, label: 0 | 1 = 0, seedIds = ["s/1"], over: Partial<Example> = {}): Example => ({
  id: `r${next++}`,
  text,
  label,
  categories: label === 1 ? ["hate"] : [],
  unknown: [],
  lang: "en",
  synthetic: true,
  lineage: { seedIds, parents: [], ops: [{ name: "grammar/act", version: 1 }] },
  ...over,
});

test("each gate drops what it is for, with a reason that holds no text", () => {
  const otherSplit = Array.from({ length: 99 }, (_, i) => `s/${i}`).find((id) => splitOfSeed(id) !== splitOfSeed("s/1"))!;
  const rows = [
    row("fine words"),
    row("zorblax", 2 as 1),
    row("z"),
    row("zorblax ".repeat(9)),
    row("sexual abuse of minors", 1),
    row("zorblax zorblax", 0, ["s/1", otherSplit]),
    row("  Fine\nWORDS "),
    row("both labels"),
    row("Both labels", 1),
  ];
  const { kept, drops } = passGates(rows, OPTIONS);
  expect(kept.map((r) => r.text)).toEqual(["fine words"]);
  expect(drops.map((d) => [d.gate, d.id])).toEqual([
    ["schema", rows[1]!.id],
    ["length", rows[2]!.id],
    ["length", rows[3]!.id],
    ["minors", rows[4]!.id],
    ["lineage", rows[5]!.id],
    ["duplicate", rows[6]!.id],
    ["contradiction", rows[8]!.id],
    ["contradiction", rows[7]!.id],
  ]);
  for (const drop of drops) {
    expect(drop.reason.length).toBeGreaterThan(10);
    expect(drop.strategy).toBe("grammar/act");
    expect(JSON.stringify(drop)).not.toContain("zorblax");
  }
  expect(drops[5]!.reason).toBe(`same text as ${rows[0]!.id}`);
});

test("kept rows carry their split", () => {
  const { kept } = passGates([row("one"), row("two", 0, ["s/7"]), row("three", 0, [], { split: "test" })], OPTIONS);
  expect(kept.map((r) => r.split)).toEqual([splitOfSeed("s/1"), splitOfSeed("s/7"), "test"]);
});

test("rows in = kept + dropped, no text stands twice or with both labels, whatever comes in", () => {
  const texts = fc.constantFrom("a", "bb", "BB", "bb ", "cc", "dd dd", "dd  dd", "e".repeat(41));
  const rows = fc.array(fc.tuple(texts, fc.constantFrom(0, 1), fc.constantFrom("s/1", "s/2", "s/3", "s/8")), { maxLength: 30 });
  fc.assert(
    fc.property(rows, (drawn) => {
      const all = drawn.map(([text, label, seed]) => row(text, label as 0 | 1, [seed]));
      const { kept, drops } = passGates(all, OPTIONS);
      expect([...kept, ...drops].map((r) => r.id).sort()).toEqual(all.map((r) => r.id).sort());
      const keys = kept.map((r) => r.text.trim().replace(/\s+/g, " ").toLowerCase());
      expect(new Set(keys).size).toBe(keys.length);
      const labels = (key: string) =>
        new Set(drawn.filter(([text]) => text.trim().replace(/\s+/g, " ").toLowerCase() === key).map(([, label]) => label));
      for (const key of keys) expect(labels(key).size).toBe(1);
      expect(drops.every((d) => GATES.includes(d.gate))).toBe(true);
    }),
  );
});

test("a row's strategy is its last operation", () => {
  expect(strategyOf(row("x"))).toBe("grammar/act");
  expect(strategyOf({ ...row("x"), lineage: undefined })).toBe("given");
});
