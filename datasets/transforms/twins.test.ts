import fc from "fast-check";
import { expect, test } from "vitest";
import { type Example, exampleSchema } from "#datasets/example";
import { splitOf } from "#datasets/splits";
import { replay } from "./layers.ts";
import { SENTENCES } from "./ordinary.ts";
import { type TransformOptions, transformExamples, transformOptions } from "./twins.ts";

const OPTIONS: TransformOptions = { ...transformOptions.parse({ share: 1 }), seed: 1 };

function row(id: string, label: 0 | 1, more: Partial<Example> = {}): Example {
  return exampleSchema.parse({
    id,
    text: `${SENTENCES[id.length]} ${id}`,
    label,
    categories: label === 1 ? ["hate"] : [],
    source: "grammar",
    ...more,
  });
}

/** Pairs and single rows, nine harmless to a harmful one. */
function rows(count: number): Example[] {
  return Array.from({ length: count }, (_, i) => {
    if (i % 10 < 4) return row(`p${i}`, i % 2 === 0 ? 1 : 0, { pair: `pair-${i >> 1}` });
    return row(`s${i}`, i % 10 === 4 ? 1 : 0);
  });
}

async function all(from: Iterable<Example>, options: Partial<TransformOptions> = {}): Promise<Example[]> {
  const made: Example[] = [];
  for await (const copy of transformExamples(from, { ...OPTIONS, ...options })) made.push(copy);
  return made;
}

const operationsOf = (example: Example) => example.lineage!.ops.filter((operation) => operation.name.startsWith("transform/"));

test("each transform, and each of its seeds, is on as many harmful as harmless rows", async () => {
  const made = await all(rows(2000), { layers: 2 });
  expect(made.length).toBeGreaterThan(800);
  const harmful = new Map<string, [rows: number, harmful: number]>();
  for (const example of made) {
    for (const { name, seed } of operationsOf(example)) {
      for (const key of [name, `${name}/${seed}`]) {
        const [n, h] = harmful.get(key) ?? [0, 0];
        harmful.set(key, [n + 1, h + example.label]);
      }
    }
  }
  // Exactly one half; what the gates drop afterwards on one side is not seen here.
  for (const [key, [n, h]] of harmful) expect(h / n, key).toBe(0.5);
  expect([...harmful.keys()].filter((key) => key.split("/").length === 2).length).toBeGreaterThan(40);
});

test("both sides of a pair get the same operations and a pair of their own", async () => {
  const made = await all(rows(400));
  const pairs = Map.groupBy(
    made.filter((example) => example.pair !== undefined),
    (example) => example.pair!,
  );
  expect(pairs.size).toBeGreaterThan(50);
  for (const [one, two, ...others] of pairs.values()) {
    expect(others).toEqual([]);
    expect(one!.label + two!.label).toBe(1);
    expect(operationsOf(one!)).toEqual(operationsOf(two!));
    expect(Number(one!.lineage!.parents[0]!.slice(1)) >> 1).toBe(Number(two!.lineage!.parents[0]!.slice(1)) >> 1);
  }
});

test("a copy can be made again from its parent and its lineage, and keeps what the parent is", async () => {
  const given = rows(400).map((example) => ({
    ...example,
    lang: "cy",
    license: "CC0-1.0",
    topic: "hate",
    lineage: { seedIds: [`hate/${example.id}`], parents: [], ops: [{ name: "grammar/act", version: 1, seed: 7 }], recipe: "0123" },
  }));
  const byId = new Map(given.map((example) => [example.id, example]));
  for (const copy of await all(given, { layers: 3 })) {
    const parent = byId.get(copy.lineage!.parents[0]!)!;
    expect(copy.lineage!.ops.slice(0, 1)).toEqual(parent.lineage.ops);
    expect(replay(parent.text, operationsOf(copy))).toBe(copy.text);
    expect(copy.text).not.toBe(parent.text);
    expect(copy).toMatchObject({ label: parent.label, lang: "cy", license: "CC0-1.0", topic: "hate", source: "grammar", synthetic: true });
    expect(copy.lineage!.seedIds).toEqual(parent.lineage.seedIds);
    expect(splitOf(copy)).toBe(splitOf(parent));
    expect(exampleSchema.parse(copy)).toEqual(copy);
  }
});

test("the copy of a row without a lineage falls into its split", async () => {
  const given = rows(100);
  for (const copy of await all(given)) {
    const parent = given.find((example) => example.id === copy.lineage!.parents[0])!;
    expect(copy.lineage!.seedIds).toEqual([parent.pair ?? parent.id]);
    expect(splitOf(copy)).toBe(splitOf(parent));
  }
});

test("the same rows and seed give the same bytes, another seed others", async () => {
  const once = JSON.stringify(await all(rows(300)));
  expect(JSON.stringify(await all(rows(300)))).toBe(once);
  expect(JSON.stringify(await all(rows(300), { seed: 2 }))).not.toBe(once);
});

test("the share is that of pairs drawn, whatever their order", async () => {
  const pairs = rows(2000).filter((example) => example.pair !== undefined);
  const parents = async (given: Example[]) => new Set((await all(given, { share: 0.3 })).map((copy) => copy.lineage!.parents[0]));
  const drawn = await parents(pairs);
  expect(drawn.size / pairs.length).toBeCloseTo(0.3, 1);
  expect(await parents(pairs.toReversed())).toEqual(drawn);
  expect(await all(pairs, { share: 0 })).toEqual([]);
});

test("a row without a twin is left alone", async () => {
  expect(await all([row("a", 1), row("b", 1), row("c", 1)])).toEqual([]);
  expect(await all([row("a", 1), row("b", 1), row("c", 0)])).toHaveLength(2);
  // Two replies of the same label are no twins of one another.
  expect(await all([row("a", 1, { pair: "x" }), row("b", 1, { pair: "x" })])).toEqual([]);
});

test("what grows too long on one side is made on neither", async () => {
  const long = row("a", 1, { pair: "x", text: "long ".repeat(100) });
  const short = row("b", 0, { pair: "x", text: "short" });
  expect(await all([long, short], { transforms: ["binary"], max_characters: 1000 })).toEqual([]);
  expect(await all([long, short], { transforms: ["nfc"] })).toEqual([]);
});

test("a wrapper makes a harmful row a jailbreak, a disguise leaves it unknown, a slip says nothing; a harmless row stays so", async () => {
  const states = async (transform: string, more: Partial<Example> = {}) => {
    const [harmful, harmless] = await all([row("a", 1, more), row("b", 0)], { transforms: [transform] });
    expect([harmless!.label, harmless!.categories, harmless!.unknown]).toEqual([0, [], []]);
    return { categories: harmful!.categories, unknown: harmful!.unknown };
  };
  expect(await states("jailbreak-wrapper")).toEqual({ categories: ["hate", "jailbreak"], unknown: [] });
  expect(await states("jailbreak-wrapper", { unknown: ["jailbreak", "threats"] })).toEqual({
    categories: ["hate", "jailbreak"],
    unknown: ["threats"],
  });
  expect(await states("base64")).toEqual({ categories: ["hate"], unknown: ["jailbreak"] });
  expect(await states("base64", { unknown: ["*"] })).toEqual({ categories: ["hate"], unknown: ["*"] });
  expect(await states("base64", { categories: ["jailbreak"] })).toEqual({ categories: ["jailbreak"], unknown: [] });
  expect(await states("disemvowel")).toEqual({ categories: ["hate"], unknown: [] });
});

test("what the gate named minors would drop gets no disguise", async () => {
  const held = row("a", 1, { text: "sexual abuse of minors" });
  expect(await all([held, row("b", 0)])).toEqual([]);
});

test("a conversation's copy is a text without turns", async () => {
  const made = await all([row("a", 1, { turns: [{ role: "user", content: "x" }] }), row("b", 0)]);
  expect(made.every((copy) => copy.turns === undefined)).toBe(true);
});

test("a recipe's options are checked", () => {
  expect(transformOptions.parse({})).toEqual({ transforms: ["all"], share: 0.2, layers: 1, min_characters: 2, max_characters: 20000 });
  for (const bad of [{ transforms: ["base65"] }, { transforms: [] }, { share: 2 }, { layers: 0 }, { shares: 1 }]) {
    expect(transformOptions.safeParse(bad).success, JSON.stringify(bad)).toBe(false);
  }
});

test("any mixture of pairs and labels stays balanced", async () => {
  const anyRow = fc.record({ label: fc.constantFrom<0 | 1>(0, 1), pair: fc.option(fc.constantFrom("x", "y", "z"), { nil: undefined }) });
  await fc.assert(
    fc.asyncProperty(fc.array(anyRow), fc.nat(), async (given, seed) => {
      const made = await all(
        given.map(({ label, pair }, i) => row(`r${i}`, label, pair === undefined ? {} : { pair })),
        { seed },
      );
      expect(made.filter((copy) => copy.label === 1).length * 2).toBe(made.length);
      const parents = made.map((copy) => copy.lineage!.parents[0]);
      expect(new Set(parents).size).toBe(parents.length);
    }),
    { numRuns: 50 },
  );
});
