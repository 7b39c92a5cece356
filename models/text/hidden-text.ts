// Finds texts inside a text: payloads in base64, hexadecimal, percent, Unicode or binary notation, bytes in variation
// selectors, and letters that were shifted, mirrored or reversed. Bounded work, no model: a candidate counts only if it
// decodes to readable text, so that ids, hashes and long words give nothing.
import { canonicalise } from "./canonical.ts";

export type Hiding = "base64" | "hex" | "url" | "unicode-escapes" | "binary" | "variation-selectors" | "caesar" | "atbash" | "reversed";

export interface HiddenText {
  /** From the outermost notation inwards. */
  kinds: Hiding[];
  text: string;
}

export interface Bounds {
  /** Notations inside notations. */
  depth: number;
  /** Of the text that is looked at, in UTF-16 units. */
  characters: number;
  /** Payloads of one notation in one text. */
  payloads: number;
}

const HIDDEN_TEXT_BOUNDS: Bounds = { depth: 2, characters: 1 << 16, payloads: 8 };

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** @returns what is hidden, in canonical form, the outer before the inner; empty for ordinary text */
export function hiddenTexts(text: string, bounds: Bounds = HIDDEN_TEXT_BOUNDS): HiddenText[] {
  if (bounds.depth === 0) return [];
  const head = text.slice(0, bounds.characters);
  const signs = survey(head);
  const found: HiddenText[] = [];
  for (const { kind, possible, decode } of DECODERS) {
    if (!possible(signs, head)) continue;
    for (const decoded of decode(head, bounds.payloads, signs)) {
      const inner = canonicalise(decoded);
      found.push({ kinds: [kind], text: inner });
      for (const deeper of hiddenTexts(inner, { ...bounds, depth: bounds.depth - 1 })) {
        found.push({ kinds: [kind, ...deeper.kinds], text: deeper.text });
      }
    }
  }
  return found;
}

interface Decoder {
  kind: Hiding;
  /** A cheap reason to look no further. */
  possible: (signs: Signs, text: string) => boolean;
  decode: (text: string, most: number, signs: Signs) => Iterable<string>;
}

/** What one pass over a text tells of what may be in it. */
interface Signs {
  /** ASCII letters, a to z, without regard to case. */
  counts: readonly number[];
  letters: number;
  /** Mean logarithm of the letters' shares in English, in nats a letter. */
  likelihood: number;
  percents: number;
  backslashes: number;
  /** Digits 0 and 1. */
  bits: number;
  /** The longest run of characters of base64, of either alphabet. */
  longestRun: number;
  /** The most hexadecimal digits in a run of them, white space and colons. */
  longestHex: number;
  ascii: boolean;
}

const SHORTEST_BASE64 = 16;
const FEWEST_PERCENTS = 3;
const SHORTEST_HEX = 16;
const FEWEST_BITS = 32;
const charactersOf = (pattern: RegExp) => Uint8Array.from({ length: 128 }, (_, code) => (pattern.test(String.fromCharCode(code)) ? 1 : 0));
const BASE64_CHARACTER = charactersOf(/[\w+/-]/);
const HEX_CHARACTER = charactersOf(/[0-9a-f]/i);
const HEX_SPACE = charactersOf(/[\s:]/);

function survey(text: string): Signs {
  const counts = new Array<number>(26).fill(0);
  let [letters, percents, backslashes, bits, longestRun, longestHex, run, hex] = [0, 0, 0, 0, 0, 0, 0, 0];
  let ascii = true;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 127) {
      ascii = false;
      run = hex = 0;
      continue;
    }
    if (HEX_CHARACTER[code] === 1) hex++;
    else if (HEX_SPACE[code] === 0) hex = 0;
    if (hex > longestHex) longestHex = hex;
    if (BASE64_CHARACTER[code] === 1) {
      const letter = (code | 32) - 97;
      if (code > 64 && letter >= 0 && letter < 26) {
        counts[letter]!++;
        letters++;
      } else if (code === 48 || code === 49) bits++;
      if (++run > longestRun) longestRun = run;
    } else {
      run = 0;
      if (code === 37) percents++;
      else if (code === 92) backslashes++;
    }
  }
  const likelihood = likelihoodOf(counts, letters, (letter) => letter);
  return { counts, letters, likelihood, percents, backslashes, bits, longestRun, longestHex, ascii };
}

const DECODERS: readonly Decoder[] = [
  {
    kind: "hex",
    // White space beyond ASCII may stand between digits too.
    possible: ({ longestHex, ascii }) => longestHex >= SHORTEST_HEX || !ascii,
    decode: runs(/[0-9a-f]{2}(?:[\s:]?[0-9a-f]{2}){7,}/gi, (run) => Buffer.from(run.replace(/[\s:]/g, ""), "hex")),
  },
  {
    kind: "binary",
    possible: ({ bits }) => bits >= FEWEST_BITS,
    decode: runs(/[01]{8}(?:\s?[01]{8}){3,}/g, (run) => Buffer.from(run.match(/[01]{8}/g)!.map((b) => parseInt(b, 2)))),
  },
  {
    kind: "base64",
    possible: ({ longestRun }) => longestRun >= SHORTEST_BASE64,
    decode: runs(/[\w+/-]{16,}/g, (run) => Buffer.from(run, "base64")),
  },
  {
    kind: "url",
    possible: ({ percents }) => percents >= FEWEST_PERCENTS,
    decode: runs(/(?:%[0-9a-f]{2}|[\w.~!'()*-])+/gi, (run) =>
      run.split("%").length > FEWEST_PERCENTS ? percentBytes(run) : new Uint8Array(),
    ),
  },
  {
    kind: "unicode-escapes",
    possible: ({ backslashes }) => backslashes >= 3,
    decode: runs(/(?:\\u[0-9a-f]{4}){3,}/gi, (run) => {
      return Buffer.from(run.replace(/\\u(.{4})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))));
    }),
  },
  {
    kind: "variation-selectors",
    possible: ({ ascii }) => !ascii,
    decode: runs(/[\ufe00-\ufe0f\u{e0100}-\u{e01ef}]{4,}/gu, variationBytes),
  },
  {
    kind: "caesar",
    possible: unlikeEnglish,
    decode: (text, _, signs) => unshifted(text, signs, (letter, shift) => (letter + shift) % 26, 1),
  },
  { kind: "atbash", possible: unlikeEnglish, decode: (text, _, signs) => unshifted(text, signs, (letter) => 25 - letter, 25) },
  { kind: "reversed", possible: (_, text) => REVERSED_WORD.test(text), decode: unreversed },
];

/** Decodes the runs of a notation and keeps those that read as text. */
function runs(pattern: RegExp, bytes: (run: string) => Uint8Array): Decoder["decode"] {
  return function* (text, most) {
    let count = 0;
    for (const [run] of text.matchAll(pattern)) {
      const decoded = readable(bytes(run));
      if (decoded === null) continue;
      yield decoded;
      if (++count === most) return;
    }
  };
}

/** Valid UTF-8 of at least four characters, without controls, six tenths of it letters, digits and white space; else null. */
function readable(bytes: Uint8Array): string | null {
  if (bytes.length < 4) return null;
  try {
    const text = utf8.decode(bytes);
    const letters = text.match(/[\p{L}\p{M}\p{N}\s]/gu)?.length ?? 0;
    return /[^\P{Cc}\t\n\r]/u.test(text) || letters < 0.6 * [...text].length ? null : text;
  } catch {
    return null; // not UTF-8
  }
}

function percentBytes(run: string): Uint8Array {
  return Buffer.from(
    run.replace(/%(..)/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    "latin1",
  );
}

/** Variation selectors 1 to 256 stand for the bytes 0 to 255. */
export function variationBytes(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0)!;
    if (code >= 0xfe00 && code <= 0xfe0f) bytes.push(code - 0xfe00);
    else if (code >= 0xe0100 && code <= 0xe01ef) bytes.push(code - 0xe0100 + 16);
  }
  return Uint8Array.from(bytes);
}

/** Logarithms of the share of each letter, a to z, in English. */
const LOG_SHARE = Float64Array.from(
  [
    8.2, 1.5, 2.8, 4.3, 12.7, 2.2, 2.0, 6.1, 7.0, 0.15, 0.77, 4.0, 2.4, 6.7, 7.5, 1.9, 0.095, 6.0, 6.3, 9.1, 2.8, 0.98, 2.4, 0.15, 2.0,
    0.074,
  ].map((percent) => Math.log(percent / 100)),
);
/** A letter's mean likelihood in nats from which on a text is as likely as English (−2.9) as can be. */
const ENGLISH = -3.1;
/** Fewer letters do not tell a shift from chance. */
const FEWEST_LETTERS = 24;
/** How much more likely a letter must be on average, in nats, for the shifted text to be the real one. */
const MARGIN = 0.6;

/** Of letters that stand for others by `decode`. */
function likelihoodOf(counts: readonly number[], letters: number, decode: (letter: number) => number): number {
  let sum = 0;
  for (let letter = 0; letter < 26; letter++) sum += counts[letter]! * LOG_SHARE[decode(letter)]!;
  return sum / letters;
}

function unlikeEnglish({ letters, likelihood }: Signs): boolean {
  return letters >= FEWEST_LETTERS && likelihood <= ENGLISH;
}

/** The substitution that makes the letters of a text most like English, where it does so by far and gives a common word. */
function* unshifted(
  text: string,
  { counts, letters, likelihood }: Signs,
  substitute: (letter: number, shift: number) => number,
  step: number,
): Generator<string> {
  const shifts = Array.from({ length: 25 / step }, (_, i) => 1 + i * step);
  const likelihoods = shifts.map((shift) => likelihoodOf(counts, letters, (letter) => substitute(letter, shift)));
  const highest = Math.max(...likelihoods);
  if (highest - likelihood < MARGIN) return;
  const best = shifts[likelihoods.indexOf(highest)]!;
  const substituted = text.replace(/[a-z]/gi, (c) => {
    const base = c <= "Z" ? 65 : 97;
    return String.fromCharCode(base + substitute(c.charCodeAt(0) - base, best));
  });
  if (substituted.search(COMMON_WORDS) >= 0) yield substituted;
}

const COMMON = "the and you that how for with what this from can are not have me is of to in it".split(" ");
const COMMON_WORDS = new RegExp(`\\b(?:${COMMON.join("|")})\\b`, "gi");
const REVERSED_WORDS = new RegExp(`\\b(?:${COMMON.map((word) => [...word].reverse().join("")).join("|")})\\b`, "gi");

const REVERSED_WORD = new RegExp(REVERSED_WORDS.source, "i");

/** A text in which more common words stand backwards than forwards. "on" for "no" and the like do not occur among them. */
function* unreversed(text: string): Generator<string> {
  const backwards = text.match(REVERSED_WORDS)?.length ?? 0;
  if (backwards >= 3 && backwards > 2 * (text.match(COMMON_WORDS)?.length ?? 0)) yield [...text].reverse().join("");
}
