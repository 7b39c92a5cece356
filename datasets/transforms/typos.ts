// Spellings that a reader gets over and a list of words does not: leetspeak, slips of the finger, split and voweless
// words, odd capitals, pig Latin.
import type { Random } from "#models/random";
import { type Transform, someCharacters, someWords } from "./transform.ts";

const TYPO = { family: "typo", version: 1, jailbreak: "no", lossless: false, maxAdded: 0 } as const;

const LEET: Readonly<Record<string, string>> = { a: "4@", b: "8", e: "3", g: "9", i: "1!", l: "1", o: "0", s: "5$", t: "7+", z: "2" };

export const TYPOS: readonly Transform[] = [
  {
    ...TYPO,
    name: "leetspeak",
    describe: "Digits and signs for some of the letters that they resemble.",
    names: { garak: "encoding.InjectLeet", pyrit: "LeetspeakConverter", promptfoo: "leetspeak" },
    maxExpansion: 1,
    apply: (text, random) => someCharacters(text, random, (c) => (/[a-z]/i.test(c) ? random.pick([...(LEET[c.toLowerCase()] ?? c)]) : c)),
  },
  {
    ...TYPO,
    name: "swap",
    describe: "Two neighbouring letters exchanged in some of the words.",
    names: { pyrit: "CharSwapConverter" },
    maxExpansion: 1,
    apply: (text, random) => inWords(text, random, (c, at) => [...c.slice(0, at), c[at + 1]!, c[at]!, ...c.slice(at + 2)]),
  },
  {
    ...TYPO,
    name: "drop",
    describe: "A letter left out of some of the words.",
    names: {},
    maxExpansion: 1,
    apply: (text, random) => inWords(text, random, (c, at) => c.toSpliced(at, 1)),
  },
  {
    ...TYPO,
    name: "insert",
    describe: "A letter too many in some of the words.",
    names: {},
    maxExpansion: 2,
    apply: (text, random) => inWords(text, random, (c, at) => c.toSpliced(at, 0, String.fromCharCode(97 + random.below(26)))),
  },
  {
    ...TYPO,
    name: "spaced-words",
    describe: "Spaces between the letters of some words.",
    names: { pyrit: "CharacterSpaceConverter" },
    maxExpansion: 2,
    apply: (text, random) => someWords(text, random, (word) => [...word].join(" ")),
  },
  {
    ...TYPO,
    name: "punctuated-words",
    describe: "One sign, the same all through, between the letters of some words.",
    names: { pyrit: "StringJoinConverter" },
    maxExpansion: 2,
    apply(text, random) {
      const sign = random.pick([...".-_*·|"]);
      return someWords(text, random, (word) => [...word].join(sign));
    },
  },
  {
    ...TYPO,
    name: "disemvowel",
    describe: "Words of three letters and more without their vowels, but for a first one.",
    names: {},
    maxExpansion: 1,
    apply: (text) => text.replace(/[a-z]{3,}/gi, (word) => word[0]! + word.slice(1).replace(/[aeiou]/gi, "")),
  },
  {
    ...TYPO,
    name: "random-capitals",
    describe: "Capitals and small letters at random.",
    names: { pyrit: "RandomCapitalLettersConverter" },
    maxExpansion: 1,
    apply: (text, random) => text.replace(/[a-z]/gi, (c) => (random.chance(0.5) ? c.toUpperCase() : c.toLowerCase())),
  },
  {
    ...TYPO,
    name: "pig-latin",
    describe: "Leading consonants behind the word, and 'ay'.",
    names: { promptfoo: "piglatin" },
    maxExpansion: 4,
    apply: (text) => text.replace(/[a-z]+/gi, pigLatin),
  },
];

/** Edits some of the words of four characters and more at a place that, with the next one, leaves the first and the last alone. */
function inWords(text: string, random: Random, edit: (characters: string[], at: number) => string[]): string {
  return someWords(text, random, (word) => {
    const characters = [...word];
    return characters.length < 4 ? word : edit(characters, 1 + random.below(characters.length - 3)).join("");
  });
}

function pigLatin(word: string): string {
  if (/^[aeiou]/i.test(word)) return `${word}way`;
  const [, onset, rest] = /^((?:qu|[^aeiouy]|^y)*)(.*)$/i.exec(word) as unknown as [string, string, string];
  const moved = `${rest}${onset.toLowerCase()}ay`;
  return /^[A-Z]/.test(word) ? moved.charAt(0).toUpperCase() + moved.slice(1) : moved;
}
