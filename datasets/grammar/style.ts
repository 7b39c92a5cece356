// The surface of a text: how people type. A style is drawn once and laid over both sides of a pair, so that it says
// nothing about the label.
import type { Random } from "#models/random";

export type Style = (text: string) => string;

const SHORT: [RegExp, string][] = [
  [/\byou\b/g, "u"],
  [/\bare\b/g, "r"],
  [/\bplease\b/gi, "pls"],
  [/\bpeople\b/g, "ppl"],
  [/\bbecause\b/g, "cuz"],
  [/\bwith\b/g, "w/"],
  [/\bsomeone\b/g, "sb"],
];
const OPENERS = [
  "hey, ",
  "Hi! ",
  "hello, ",
  "ok so ",
  "Quick question: ",
  "lol ",
  "Well, ",
  "so ",
  "Hi there, ",
  "honestly ",
  "Please answer: ",
  "btw ",
  "@user ",
  "RT @user: ",
  "Good evening. ",
];
const CLOSERS = [
  " Thanks!",
  " thx",
  " please",
  " 😂",
  " lol",
  " 🙏",
  " Thank you in advance.",
  "!!",
  "...",
  " 🤔",
  " ❤️",
  " #help",
  " 😡",
  " Be brief.",
  " Answer in detail.",
  " asap",
  " 💯",
  " 🔥",
];

const plain: Style = (text) => text;
const lower: Style = (text) => text.toLowerCase();
const bare: Style = (text) => text.toLowerCase().replace(/[.,!?'"]/g, "");
const shouted: Style = (text) => text.toUpperCase();
const shortened: Style = (text) => SHORT.reduce((t, [pattern, short]) => t.replace(pattern, short), text.toLowerCase());

/** Draws a style. About half the texts stay as they are. */
export function drawStyle(random: Random): Style {
  const roll = random.next();
  if (roll < 0.5) return plain;
  if (roll < 0.62) return lower;
  if (roll < 0.7) return bare;
  if (roll < 0.72) return shouted;
  if (roll < 0.76) return shortened;
  if (roll < 0.84) return withTypo(random.next());
  if (roll < 0.92) {
    const opener = random.pick(OPENERS);
    return (text) => opener + text;
  }
  const closer = random.pick(CLOSERS);
  return (text) => text + closer;
}

/** Swaps two neighbouring letters inside one word; `where` in [0, 1) says which. */
function withTypo(where: number): Style {
  return (text) => {
    const words = [...text.matchAll(/[a-z]{4,}/gi)];
    const word = words[Math.floor(where * words.length)];
    if (word === undefined) return text;
    const at = word.index + 1 + (Math.floor(where * 7919) % (word[0].length - 2));
    return text.slice(0, at) + text[at + 1]! + text[at]! + text.slice(at + 2);
  };
}
