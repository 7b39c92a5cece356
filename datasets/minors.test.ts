import { expect, test } from "vitest";
import { namesMinor } from "#models/minor-words";
import { isSexual, sexualisesMinors } from "./minors.ts";

test("words for minors are found as whole words, in any case", () => {
  for (const text of ["a Toddler's cot", "UNDERAGE", "the high-school student"]) expect(namesMinor(text), text).toBe(true);
  for (const text of ["childhood", "minority", "the sonnet", "girlfriend", ""]) expect(namesMinor(text), text).toBe(false);
});

test("words of sex are found, those of orientation, health and law are not", () => {
  for (const text of ["Pornographic", "sexual abuse", "a nude", "undressed", "Sexting"]) expect(isSexual(text), text).toBe(true);
  for (const text of ["bisexual", "heterosexual people", "grape", "therapist", "essex", "strip the paint"])
    expect(isSexual(text), text).toBe(false);
});

test("only a harmful row of some category is held back", () => {
  const text = "sexual abuse of minors";
  expect(sexualisesMinors({ label: 1, categories: ["hate"], text })).toBe(true);
  expect(sexualisesMinors({ label: 0, categories: [], text })).toBe(false);
  // A domain to filter is no harm: microbiology writes of both.
  expect(sexualisesMinors({ label: 1, categories: [], text })).toBe(false);
  expect(sexualisesMinors({ label: 1, categories: ["hate"], text: "sexual abuse of soldiers" })).toBe(false);
});
