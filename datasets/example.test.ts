import { expect, test } from "vitest";
import { categoryState, exampleSchema } from "./example.ts";

const row = (over: object) => exampleSchema.safeParse({ id: "a", text: "t", label: 1, ...over });

test("a row needs an id, a text and a label of 0 or 1; the rest has defaults", () => {
  expect(row({}).data).toEqual({ id: "a", text: "t", label: 1, categories: [], unknown: [], lang: "en", synthetic: false });
  for (const wrong of [
    { id: "" },
    { text: 3 },
    { label: 2 },
    { label: true },
    { categories: ["other"] },
    { unknown: ["?"] },
    { labelDist: 1.1 },
    { split: "dev" },
  ]) {
    expect(row(wrong).success, JSON.stringify(wrong)).toBe(false);
  }
  expect(row({ lineage: {} }).data?.lineage).toEqual({ seedIds: [], parents: [], ops: [] });
});

test("a category is present, absent or unknown; what is present is never unknown", () => {
  expect(categoryState({ categories: ["hate"], unknown: ["*"] }, "hate")).toBe(1);
  expect(categoryState({ categories: ["hate"], unknown: ["*"] }, "cyber")).toBe(-1);
  expect(categoryState({ categories: ["hate"], unknown: ["threats", "hate"] }, "hate")).toBe(1);
  expect(categoryState({ categories: ["hate"], unknown: ["threats"] }, "threats")).toBe(-1);
  expect(categoryState({ categories: ["hate"], unknown: ["threats"] }, "cyber")).toBe(0);
  expect(categoryState({ categories: [], unknown: [] }, "hate")).toBe(0);
});
