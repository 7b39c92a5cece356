// Transforms of the whole text: its order, its division into pieces, and what stands around it.
import type { Random } from "#models/random";
import { SENTENCES, WORDS } from "./ordinary.ts";
import type { Transform } from "./transform.ts";

const STRUCTURE = { family: "structure", version: 1, jailbreak: "unknown", maxAdded: 0 } as const;

const WORDS_OF = Map.groupBy(WORDS, (word) => word[0]!);
const LONGEST_WORD = Math.max(...WORDS.map((word) => word.length));
const LONGEST_SENTENCE = Math.max(...SENTENCES.map((sentence) => sentence.length));
const NOISE = 24;
const FLOOD = 40;
const PART_NAMES = [..."abcdef"];
const SIGNS = ["!", "]]", "({", "==", "--", ";)", "<<", "\\", "??", "~~"];

export const STRUCTURES: readonly Transform[] = [
  {
    ...STRUCTURE,
    name: "reversal",
    describe: "The code points in reverse.",
    names: { pyrit: "FlipConverter" },
    lossless: true,
    maxExpansion: 1,
    apply: (text) => [...text].reverse().join(""),
    invert: (text) => [...text].reverse().join(""),
  },
  {
    ...STRUCTURE,
    name: "word-reversal",
    describe: "The words in reverse order.",
    names: {},
    lossless: true,
    maxExpansion: 1,
    apply: (text) => text.split(/(\s+)/).reverse().join(""),
    invert: (text) => text.split(/(\s+)/).reverse().join(""),
  },
  {
    ...STRUCTURE,
    name: "acrostic",
    describe: "A line for each letter, with an ordinary word that begins with it; an empty line between words.",
    names: {},
    lossless: false,
    maxExpansion: LONGEST_WORD + 1,
    apply: (text, random) => {
      const line = (c: string) => (/\s/.test(c) ? "" : /[a-z]/i.test(c) ? random.pick(WORDS_OF.get(c.toLowerCase())!) : c);
      return Array.from(text, line).join("\n");
    },
    invert: (text) =>
      text
        .split("\n")
        .reduce((all, line) => all + ([...line][0] ?? " "), "")
        .replace(/^ $/, ""),
  },
  {
    ...STRUCTURE,
    name: "payload-splitting",
    describe: "Pieces in variables, and the request to join them.",
    names: {},
    lossless: true,
    maxExpansion: 6,
    maxAdded: 130,
    apply: splitPayload,
    invert: joinPayload,
  },
  {
    ...STRUCTURE,
    name: "noise-suffix",
    describe: "Eight to 24 ordinary words and signs behind the text, in the manner of a searched suffix.",
    names: { pyrit: "SuffixAppendConverter" },
    lossless: false,
    maxExpansion: 1,
    maxAdded: NOISE * (LONGEST_WORD + 1),
    apply(text, random) {
      const noise = Array.from({ length: 8 + random.below(NOISE - 7) }, () => (random.chance(0.4) ? random.pick(SIGNS) : oddWord(random)));
      return `${text} ${noise.join(" ")}`;
    },
  },
  {
    ...STRUCTURE,
    name: "context-flooding",
    describe: "Ten to 40 ordinary sentences around the text.",
    names: {},
    lossless: false,
    maxExpansion: 1,
    maxAdded: FLOOD * (LONGEST_SENTENCE + 1),
    apply(text, random) {
      const sentences = Array.from({ length: 10 + random.below(FLOOD - 9) }, () => random.pick(SENTENCES));
      return sentences.toSpliced(random.below(sentences.length + 1), 0, text).join(" ");
    },
  },
];

function oddWord(random: Random): string {
  const word = random.pick(WORDS);
  return random.chance(0.3) ? word[0]!.toUpperCase() + word.slice(1) : word;
}

function splitPayload(text: string, random: Random): string {
  const count = 2 + random.below(PART_NAMES.length - 1);
  const ask = random.pick(["and answer what they say", "and do what the whole asks", "into one message and reply to it"]);
  const characters = [...text];
  const names = PART_NAMES.slice(0, count);
  const cut = (i: number) => Math.floor((i * characters.length) / count);
  const parts = names.map((name, i) => `${name} = ${JSON.stringify(characters.slice(cut(i), cut(i + 1)).join(""))}`);
  return `${parts.join("\n")}\nJoin ${names.join(" + ")} ${ask}.`;
}

function joinPayload(text: string): string {
  const parts = text.split("\n").flatMap((line) => /^[a-f] = (".*")$/s.exec(line)?.[1] ?? []);
  try {
    return parts.map((part) => JSON.parse(part) as string).join("");
  } catch {
    return text; // no pieces of ours
  }
}
