import { expect, test } from "vitest";
import { AILUMINATE_HAZARDS } from "./taxonomy-maps.ts";
import { CATEGORIES, CATEGORY_IDS, HARMFUL, isCategoryId, relatedCategories } from "./taxonomy.ts";

test("ids are kebab-case, titles differ, hazards are AILuminate's", () => {
  expect(CATEGORY_IDS).toHaveLength(21);
  for (const id of CATEGORY_IDS) expect(id).toMatch(/^[a-z]+(-[a-z]+)*$/);
  expect(new Set(Object.values(CATEGORIES).map((c) => c.title)).size).toBe(CATEGORY_IDS.length);
  for (const { ailuminate } of Object.values(CATEGORIES)) if (ailuminate !== null) expect(AILUMINATE_HAZARDS).toContain(ailuminate);
});

test("only a category's id is one", () => {
  for (const id of CATEGORY_IDS) expect(isCategoryId(id)).toBe(true);
  for (const other of [HARMFUL, "", "Hate", "toString", "__proto__", "constructor"]) expect(isCategoryId(other), other).toBe(false);
});

test("relation is symmetric and of no category with itself", () => {
  for (const a of CATEGORY_IDS) {
    expect(relatedCategories(a)).not.toContain(a);
    expect(new Set(relatedCategories(a)).size).toBe(relatedCategories(a).length);
    for (const b of relatedCategories(a)) expect(relatedCategories(b)).toContain(a);
  }
  expect(relatedCategories("hate")).toEqual(["harassment", "threats"]);
  expect(relatedCategories("self-harm")).toEqual([]);
  expect(relatedCategories("child-exploitation")).toEqual([]);
});
