import fc from "fast-check";
import { expect, test } from "vitest";
import { CATEGORY_IDS, type CategoryId } from "./taxonomy.ts";
import {
  AILUMINATE_HAZARDS,
  fromAiluminate,
  fromLlamaGuard,
  fromOpenAi,
  fromPku,
  LLAMA_GUARD_CATEGORIES,
  OPENAI_CATEGORIES,
  PKU_CATEGORIES,
  toAiluminate,
  toLlamaGuard,
  toOpenAi,
  toPku,
  type CategoryScores,
} from "./taxonomy-maps.ts";

const scores = fc.record(
  Object.fromEntries(CATEGORY_IDS.map((c) => [c, fc.double({ min: 0, max: 1, noNaN: true })])) as Record<CategoryId, fc.Arbitrary<number>>,
  { requiredKeys: [] },
) as fc.Arbitrary<CategoryScores>;

const MAPS = [
  { name: "OpenAI", keys: OPENAI_CATEGORIES, to: toOpenAi, from: fromOpenAi as (s: Record<string, number>) => CategoryScores },
  {
    name: "Llama Guard",
    keys: LLAMA_GUARD_CATEGORIES,
    to: toLlamaGuard,
    from: fromLlamaGuard as (s: Record<string, number>) => CategoryScores,
  },
  { name: "AILuminate", keys: AILUMINATE_HAZARDS, to: toAiluminate, from: fromAiluminate as (s: Record<string, number>) => CategoryScores },
  { name: "PKU", keys: PKU_CATEGORIES, to: toPku, from: fromPku as (s: Record<string, number>) => CategoryScores },
];

for (const { name, keys, to, from } of MAPS) {
  test(`${name}: every key always, scores within 0 and 1, a higher score never lowers another`, () => {
    fc.assert(
      fc.property(scores, fc.constantFrom(...CATEGORY_IDS), (own, raised) => {
        const result = to(own) as Record<string, number>;
        expect(Object.keys(result)).toEqual([...keys]);
        const higher = to({ ...own, [raised]: 1 }) as Record<string, number>;
        for (const key of keys) {
          expect(result[key]).toBeGreaterThanOrEqual(0);
          expect(higher[key]).toBeGreaterThanOrEqual(result[key]!);
          expect(higher[key]).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  test(`${name}: what comes in says as much when it goes out again`, () => {
    for (const key of keys) {
      const inside = from({ [key]: 0.75 });
      if (Object.keys(inside).length > 0 && key !== "hate/threatening")
        expect([key, (to(inside) as Record<string, number>)[key] ?? 0]).toEqual([key, expect.toBeOneOf([0.75, 0])]);
    }
    expect(from({})).toEqual({});
  });
}

test("OpenAI: crimes are illicit, weapons violently so; threatening hate needs both", () => {
  const one = (category: CategoryId) =>
    Object.entries(toOpenAi({ [category]: 0.9 }))
      .filter(([, score]) => score > 0)
      .map(([key]) => key);
  expect(one("chemical")).toEqual(["illicit", "illicit/violent"]);
  expect(one("cyber")).toEqual(["illicit"]);
  expect(one("violent-crimes")).toEqual(["illicit", "illicit/violent", "violence"]);
  expect(one("threats")).toEqual(["harassment", "harassment/threatening", "violence"]);
  expect(one("child-exploitation")).toEqual(["sexual", "sexual/minors"]);
  expect(one("self-harm")).toEqual(["self-harm", "self-harm/intent", "self-harm/instructions"]);
  expect(one("jailbreak")).toEqual([]);
  expect(toOpenAi({ hate: 0.9, threats: 0.4 })["hate/threatening"]).toBe(0.4);
  expect(toOpenAi({ hate: 0.9 })["hate/threatening"]).toBe(0);
});

test("inwards, what the other side does not say stays unknown", () => {
  expect(fromOpenAi({ illicit: 1, violence: 1 })).toEqual({});
  expect(fromOpenAi({ "hate/threatening": 0.8, hate: 0.9 })).toEqual({ hate: 0.9, threats: 0.8 });
  expect(fromLlamaGuard({ S9: 1, S10: 0.3 })).toEqual({ hate: 0.3 });
});
