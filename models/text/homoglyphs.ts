// Characters of other scripts that look like an ASCII letter, and the way back. A selection of our own among the facts of
// Unicode's confusables (UTS #39, https://www.unicode.org/reports/tr39/) and `intentional.txt`, plus a few that pass at a
// glance. Characters that NFKD already takes to ASCII (fullwidth, mathematical) are not in it.
import { CHARACTER_CLASS, WORD } from "./character-classes.ts";

/** ASCII letter → its look-alikes, each one UTF-16 unit. */
export const HOMOGLYPHS: Readonly<Record<string, string>> = {
  a: "\u0430\u0251\u03b1",
  b: "\u0185",
  c: "\u0441\u1d04",
  d: "\u0501",
  e: "\u0435\u04bd",
  f: "\u0584",
  g: "\u0261\u0581",
  h: "\u04bb\u0570",
  i: "\u0456\u0131\u03b9",
  j: "\u0458\u03f3",
  k: "\u03ba\u043a",
  l: "\u04cf\ua4f2",
  n: "\u0578",
  o: "\u043e\u03bf\u0585",
  p: "\u0440\u03c1",
  q: "\u051b\u0563",
  r: "\u0433\u1d26",
  s: "\u0455\ua731",
  u: "\u057d\u03c5\u028b",
  v: "\u03bd\u0475",
  w: "\u051d\u0461",
  x: "\u0445",
  y: "\u0443\u03b3\u04af",
  z: "\u1d22",
  A: "\u0410\u0391",
  B: "\u0412\u0392",
  C: "\u0421",
  D: "\u13a0",
  E: "\u0415\u0395",
  F: "\u03dc",
  G: "\u050c",
  H: "\u041d\u0397",
  I: "\u0406\u0399",
  J: "\u0408",
  K: "\u041a\u039a",
  L: "\u13de",
  M: "\u041c\u039c",
  N: "\u039d",
  O: "\u041e\u039f\u0555",
  P: "\u0420\u03a1",
  Q: "\u051a",
  R: "\u13a1",
  S: "\u0405\u054f",
  T: "\u0422\u03a4",
  U: "\u054d",
  V: "\u0474\u13d9",
  W: "\u051c\u13b3",
  X: "\u0425\u03a7",
  Y: "\u04ae\u03a5",
  Z: "\u0396\u13c3",
};

const LETTER_OF = new Map(Object.entries(HOMOGLYPHS).flatMap(([letter, alike]) => [...alike].map((c) => [c, letter] as const)));
const LOOK_ALIKES = [...LETTER_OF.keys()].join("");
const LOOK_ALIKE = new RegExp(`[${LOOK_ALIKES}]`, "g");
/** A word with an ASCII letter, or with a letter that shows by itself that the text is written in another script. */
const ASCII_LETTER = /[a-z]/i;
const FOREIGN_LETTER = new RegExp(`(?![a-zA-Z${LOOK_ALIKES}])\\p{L}`, "u");
const LETTERS = /[\p{L}\p{M}]+/gu;
const FOREIGN_SHARE = 0.1;

const OTHER = 0;
const ASCII = 1;
const ALIKE = 2;
const FOREIGN = 3;
/** What each UTF-16 unit is among the letters. */
const KIND = CHARACTER_CLASS.subarray(0, 0x10000).map((kind, unit) =>
  kind !== WORD ? OTHER : unit >= 128 ? FOREIGN : unit > 57 ? ASCII : OTHER,
);
for (const c of LETTER_OF.keys()) KIND[c.charCodeAt(0)] = ALIKE;

/**
 * Puts the ASCII letter in the place of each look-alike, in words that mix them with ASCII letters, and in words that are
 * nothing but look-alikes where less than a tenth of the text's letters belong to another script for certain. So Russian,
 * Greek and Armenian texts stay as they are.
 */
export function foldHomoglyphs(text: string): string {
  const counts = [0, 0, 0, 0];
  for (let i = 0; i < text.length; i++) counts[KIND[text.charCodeAt(i)]!]!++;
  const [, ascii, alike, foreign] = counts as [number, number, number, number];
  const latin = foreign < FOREIGN_SHARE * (ascii + alike + foreign);
  if (alike === 0 || (ascii === 0 && !latin)) return text;
  return text.replace(LETTERS, (word) => {
    const disguised = ASCII_LETTER.test(word) || (latin && !FOREIGN_LETTER.test(word));
    return disguised ? word.replace(LOOK_ALIKE, (c) => LETTER_OF.get(c)!) : word;
  });
}
