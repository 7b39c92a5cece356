// Known values, and what the transforms of a family have in common. The properties of all are in table.test.ts.
import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "#models/random";
import { SENTENCES, WORDS } from "./ordinary.ts";
import { TRANSFORMS } from "./table.ts";

function made(name: string, text: string, seed = 1): string {
  return TRANSFORMS.find((transform) => transform.name === name)!.apply(text, new Random(seed));
}

test.each([
  // RFC 4648, section 10.
  ["base64", "foobar", "Zm9vYmFy"],
  ["base32", "foobar", "MZXW6YTBOI======"],
  ["base32", "fooba", "MZXW6YTB"],
  ["hex", "foobar", "666f6f626172"],
  // Python's base64.a85encode and quopri.
  ["ascii85", "Hello world", "87cURD]j7BEbo7"],
  ["ascii85", "\0\0\0\0", "z"],
  ["quoted-printable", "café = crème ", "caf=C3=A9 =3D cr=C3=A8me=20"],
  ["url", "a b/é", "a%20b%2F%C3%A9"],
  ["binary", "Hi", "01001000 01101001"],
  ["unicode-escapes", "é🙂", "\\u00e9\\ud83d\\ude42"],
  ["rot13", "Hello, World", "Uryyb, Jbeyq"],
  ["caesar", "xyz ABC", "abc DEF"],
  ["atbash", "Azby", "Zayb"],
  ["morse", "SOS now!", "... --- ... / -. --- .-- !"],
  ["nato", "Hi 5", "Hotel India / Five"],
  ["braille", "Hi 10", "⠠⠓⠊ ⠼⠁⠼⠚"],
  ["fullwidth", "Hi!", "Ｈｉ！"],
  ["superscript", "x2 Q", "ˣ² 𐞥"],
  ["disemvowel", "an umbrella opened", "an umbrll opnd"],
  ["pig-latin", "Quick yellow apple rhythm", "Ickquay ellowyay appleway ythmrhay"],
  ["reversal", "abc 🙂", "🙂 cba"],
  ["word-reversal", "one  two three", "three two  one"],
  ["past-tense", "How do I bake bread? Tell me how to knit.", "How did people bake bread? Tell me how people used to knit."],
  ["future-tense", "How can we bake bread? Is it hard?", "How will people bake bread? Will it be hard?"],
])("%s has the known value", (name, text, expected) => {
  expect(made(name, text)).toBe(expected);
});

test("what only hides characters keeps them in order", () => {
  for (const name of ["zero-width", "variation-selectors"]) {
    for (const sentence of SENTENCES) expect(made(name, sentence).replace(/[^\n -~]/g, "")).toBe(sentence);
  }
});

test("slips of the finger keep first and last letters and the number of words", () => {
  fc.assert(
    fc.property(fc.constantFrom("swap", "drop", "insert"), fc.nat(), (name, seed) => {
      const words = made(name, SENTENCES[0]!, seed).split(" ");
      const before = SENTENCES[0]!.split(" ");
      expect(words.map((word) => word[0])).toEqual(before.map((word) => word[0]));
      expect(words.map((word) => word.at(-1))).toEqual(before.map((word) => word.at(-1)));
    }),
  );
});

test("an acrostic and a spelling alphabet have a word for each letter", () => {
  expect(new Set(WORDS.map((word) => word[0])).size).toBe(26);
  expect(new Set(made("nato", "abcdefghijklmnopqrstuvwxyz0123456789").split(" ")).size).toBe(36);
});

test("the text stands as it is inside a wrapper, a flood and a comment", () => {
  const text = "Where does the path lead?";
  for (const name of [
    "jailbreak-wrapper",
    "translate-request",
    "decode-request",
    "json",
    "xml",
    "code-comment",
    "context-flooding",
    "noise-suffix",
  ]) {
    for (let seed = 0; seed < 20; seed++) expect(made(name, text, seed), name).toContain(text);
  }
});

test("every frame around a text can be told from the others by its beginning", () => {
  for (const name of ["jailbreak-wrapper", "translate-request", "decode-request"]) {
    const beginnings = new Set(Array.from({ length: 300 }, (_, seed) => made(name, "\0", seed).split("\0")[0]!));
    for (const one of beginnings) for (const two of beginnings) expect(one !== two && one.startsWith(two), name).toBe(false);
  }
});
