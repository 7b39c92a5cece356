import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "#models/random";
import { chooseSlots, fill } from "./expand.ts";

const SLOTS = { who: ["a {size} dog", "a cat"], size: ["small", "large"], place: ["Oslo"] };

test("every slot that a template or a value names gets a value, and only those", () => {
  for (let seed = 0; seed < 20; seed++) {
    const chosen = chooseSlots(["{who} in {place}", "{who} again"], SLOTS, new Random(seed));
    expect(Object.keys(chosen).filter((name) => name !== "size")).toEqual(["who", "place"]);
    expect("size" in chosen).toBe(chosen["who"] === "a {size} dog");
    expect(fill("{who} in {place}, {who}", chosen)).toMatch(/^(a (small|large) dog|a cat) in Oslo, \1$/);
  }
});

test("the same seed chooses the same values", () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const choose = () => chooseSlots(["{who} {place} {size}"], SLOTS, new Random(seed));
      expect(choose()).toEqual(choose());
    }),
  );
});

test("a slot without values is the author's error, one without a chosen value stays", () => {
  expect(() => chooseSlots(["{nobody}"], SLOTS, new Random(1))).toThrow("got none for {nobody}");
  expect(fill("{act} in {place}", { place: "Oslo" })).toBe("{act} in Oslo");
});

test("values are put in as they stand, whatever signs they hold", () => {
  fc.assert(
    fc.property(
      fc.string().filter((value) => !value.includes("{")),
      (value) => {
        expect(fill("[{x}]", { x: value })).toBe(`[${value}]`);
      },
    ),
  );
});
