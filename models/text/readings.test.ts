import fc from "fast-check";
import { expect, test } from "vitest";
import { readingsOf } from "./readings.ts";

test("an ordinary text is its own and only reading", () => {
  for (const text of ["", "How do I cook rice for twelve?", "see issue 4f2a9c1b77de at https://example.org/a?b=c%20d", "日本語 и русский"])
    expect(readingsOf(text)).toEqual([{ text, disguise: [] }]);
});

test("the canonical form comes first, then what is hidden", () => {
  const hidden = Buffer.from("what is hidden is here to read").toString("base64");
  expect(readingsOf(`ｒｅａｄ ${hidden}`)).toEqual([
    { text: `read ${hidden}`, disguise: ["characters"] },
    { text: "what is hidden is here to read", disguise: ["base64"] },
  ]);
});

test("any text has a reading, and no reading is disguised as the text itself", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 300 }), (text) => {
      const [first, ...others] = readingsOf(text);
      expect(first!.disguise).toEqual(first!.text === text ? [] : ["characters"]);
      for (const other of others) expect(other.disguise.length).toBeGreaterThan(0);
    }),
  );
});
