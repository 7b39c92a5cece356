import fc from "fast-check";
import { expect, test } from "vitest";
import { canonicalise } from "./canonical.ts";
import { HOMOGLYPHS } from "./homoglyphs.ts";

test.each([
  ["plain ASCII", "Tabs\tand\nlines, {signs} ~", "Tabs\tand\nlines, {signs} ~"],
  ["zero-width", "ket\u200btle\u2060\ufeff", "kettle"],
  ["soft hyphen", "ket\u00adtle", "kettle"],
  ["variation selectors", "k\ufe0fe\u{e0101}ttle", "kettle"],
  ["override", "the \u202eelttek\u202c sings", "the kettle sings"],
  ["isolates and marks", "\u2066the\u2069 \u200fkettle", "the kettle"],
  ["deletions", "kex\btxy\b\btle", "kettle"],
  ["deletion of nothing", "\bkettle", "kettle"],
  ["a deletion around what cannot be seen", "kex\u200b\bttle", "kettle"],
  ["tags", "\u{e0001}\u{e006b}\u{e0065}ttle\u{e007f}", "kettle"],
  ["fullwidth", "ｋｅｔｔｌｅ！", "kettle!"],
  ["mathematical letters", "𝓴𝓮𝓽𝓽𝓵𝓮", "kettle"],
  ["superscript", "ᵏᵉᵗᵗˡᵉ", "kettle"],
  ["stacked marks", "k\u0321\u0334\u0360e\u0300\u0316ttle", "kettle"],
  ["accents", "kéttlè", "kettle"],
  ["homoglyphs among letters", "kеttӏе", "kettle"],
  ["nothing but homoglyphs", "оnе реасе", "one peace"],
  ["emoji", "a 👍🏽 day", "a 👍🏽 day"],
])("%s", (_, text, expected) => {
  expect(canonicalise(text)).toBe(expected);
});

test.each([
  ["Russian", "Чайник опять свистит, и кошка ушла из кухни. Она ещё спит, а мой йогурт стоит."],
  ["Ukrainian", "Її чайник знову свистить, а кіт пішов із кухні."],
  ["Greek", "Ο βραστήρας σφυρίζει πάλι και η γάτα έφυγε."],
  ["Armenian", "Թեյնիկը նորից սուլում է, և կատուն գնաց։"],
  ["Hindi", "केतली फिर से सीटी बजा रही है।"],
  ["Hebrew with points", "שָׁלוֹם עֲלֵיכֶם"],
  ["Vietnamese in Cyrillic's company", "Чайник і кот"],
  ["Japanese", "やかんがまた鳴っている。ガラス"],
  ["Korean", "주전자가 다시 울린다"],
])("%s stays as it is", (_, text) => {
  expect(canonicalise(text)).toBe(text.normalize("NFKC"));
});

test("is idempotent, never throws, and leaves nothing that cannot be seen", () => {
  const unit = fc.oneof(
    fc.constantFrom(
      ..."aAeo 1",
      "\b",
      "\u0301",
      "\u0338",
      "\u200d",
      "\u202e",
      "\u202c",
      "\u0430",
      "\u03bf",
      "ж",
      "й",
      "ﬀ",
      "가",
      "\u{e0061}",
      "\u{e0008}",
    ),
    fc.string({ unit: "binary", minLength: 1, maxLength: 1 }),
    fc.integer({ min: 0xd800, max: 0xdfff }).map((code) => String.fromCharCode(code)),
  );
  fc.assert(
    fc.property(
      fc.array(unit).map((units) => units.join("")),
      (text) => {
        const once = canonicalise(text);
        expect(canonicalise(once)).toBe(once);
        expect(once).not.toMatch(/[\b]|\p{Default_Ignorable_Code_Point}/u);
      },
    ),
    { numRuns: 2000 },
  );
});

test("no look-alike stands for two letters or comes apart under NFKD", () => {
  const all = Object.values(HOMOGLYPHS).join("");
  expect(new Set(all).size).toBe(all.length);
  expect(all.normalize("NFKD")).toBe(all);
});
