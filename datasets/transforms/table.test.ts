import fc from "fast-check";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { CordonError } from "#models/errors";
import { Random } from "#models/random";
import { SENTENCES } from "./ordinary.ts";
import { TRANSFORMS, findTransforms } from "./table.ts";

/** Any code points but lone surrogates, with the characters that transforms treat apart among them. */
const wellFormed = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
  fc.string({
    unit: fc.constantFrom(
      ..."aeiqyzAZ09 =%&<>\\\"'/.,\n\r\t\b+-",
      "é",
      "ж",
      "⠼",
      "🙂",
      "\u202e",
      "\u202c",
      "\u{e0041}",
      "\ufe00",
      "\u2028",
    ),
  }),
  fc.constantFrom(...SENTENCES),
);
/** Any string of UTF-16 units. */
const anyString = fc.oneof(wellFormed, fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) }));
const seed = fc.nat();

describe.each(TRANSFORMS.map((transform) => [transform.name, transform] as const))("%s", (_, transform) => {
  const { lossless, invert, maxExpansion, maxAdded } = transform;

  test("gives the same for the same seed, within its bounds, whatever the string", () => {
    fc.assert(
      fc.property(anyString, seed, (text, s) => {
        const made = transform.apply(text, new Random(s));
        expect(made.length).toBeLessThanOrEqual(maxExpansion * text.length + maxAdded);
        expect(transform.apply(text, new Random(s))).toBe(made);
      }),
    );
  });

  if (invert === undefined) {
    test("claims no way back", () => expect(lossless).toBe(false));
    return;
  }

  test(lossless ? "is undone for any text" : "is undone for plain words", () => {
    const plainWords = fc.array(fc.stringMatching(/^[a-z0-9]{1,12}$/), { maxLength: 8 }).map((words) => words.join(" "));
    fc.assert(
      fc.property(lossless ? wellFormed : plainWords, seed, (text, s) => {
        expect(invert(transform.apply(text, new Random(s)))).toBe(text);
      }),
      { numRuns: 200 },
    );
  });

  test("takes back any string without an error", () => {
    fc.assert(fc.property(anyString, (text) => typeof invert(text) === "string"));
  });
});

test("each changes some ordinary sentence, but for those that leave short ASCII alone", () => {
  const unchanged = TRANSFORMS.filter((transform) => SENTENCES.every((s) => transform.apply(s, new Random(1)) === s));
  expect(unchanged.map((transform) => transform.name)).toEqual(["quoted-printable", "nfc", "nfd", "nfkc", "nfkd"]);
});

test("names are unique, and found by family and by name", () => {
  expect(new Set(TRANSFORMS.map((transform) => transform.name)).size).toBe(TRANSFORMS.length);
  expect(findTransforms(["all"])).toEqual(TRANSFORMS);
  expect(findTransforms(["swap", "base64", "swap"]).map((transform) => transform.name)).toEqual(["base64", "swap"]);
  expect(new Set(findTransforms(["typo"]).map((transform) => transform.family))).toEqual(new Set(["typo"]));
  expect(() => findTransforms(["base65"])).toThrow(CordonError);
});

test("the page for people has the same table", async () => {
  const page = await readFile(new URL("../../docs/transforms.md", import.meta.url), "utf8");
  const rows = page.split("\n").flatMap((line) => {
    const cells = line.split("|").slice(1, -1);
    return cells.length === 6 ? [cells.map((cell) => cell.replaceAll("`", "").trim())] : [];
  });
  const expected = TRANSFORMS.map(({ name, lossless, invert, jailbreak, names: { garak, pyrit, promptfoo } }) => {
    const inverse = lossless ? "exact" : invert === undefined ? "" : "plain words";
    return [name, inverse, jailbreak, garak ?? "", pyrit ?? "", promptfoo ?? ""];
  });
  expect(rows.slice(2)).toEqual(expected);
});
