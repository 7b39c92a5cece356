// Unicode that people do not see: zero-width and bidirectional characters and deletions ("Bad Characters", arXiv
// 2106.09898; Trojan Source, arXiv 2111.00169), tag characters and variation selectors (ASCII smuggling).
import type { Random } from "#models/random";
import { applyDeletions, readOverrides, readTags, stripInvisible } from "#models/text/canonical";
import { variationBytes } from "#models/text/hidden-text";
import { type Transform, someCharacters, someWords } from "./transform.ts";

const INVISIBLE_TEXT = { family: "unicode", version: 1, jailbreak: "unknown", lossless: false, maxAdded: 0 } as const;

/** Zero-width space, non-joiner, joiner, word joiner, no-break space. */
const ZERO_WIDTH = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff"];
const OVERRIDE = "\u202e";
const POP = "\u202c";
const CARRIER = "🙂";

export const INVISIBLE: readonly Transform[] = [
  {
    ...INVISIBLE_TEXT,
    name: "zero-width",
    describe: "Zero-width characters behind some of the characters.",
    names: { garak: "badchars.BadCharacters", pyrit: "ZeroWidthConverter" },
    maxExpansion: 2,
    apply: (text, random) => someCharacters(text, random, (c) => c + random.pick(ZERO_WIDTH)),
    invert: stripInvisible,
  },
  {
    ...INVISIBLE_TEXT,
    name: "bidi",
    describe: "Some words stored backwards between right-to-left overrides, so that they look as before.",
    names: { garak: "badchars.BadCharacters", pyrit: "BidiConverter" },
    maxExpansion: 3,
    apply: (text, random) => someWords(text, random, (word) => OVERRIDE + [...word].reverse().join("") + POP),
    invert: readOverrides,
  },
  {
    ...INVISIBLE_TEXT,
    name: "deletions",
    describe: "A wrong letter and a backspace behind some of the characters.",
    names: { garak: "badchars.BadCharacters" },
    maxExpansion: 3,
    apply: (text, random) => someCharacters(text, random, (c) => `${c}${letter(random)}\b`),
    invert: applyDeletions,
  },
  {
    ...INVISIBLE_TEXT,
    name: "tags",
    describe: "ASCII as tag characters, which nothing displays.",
    names: { garak: "encoding.InjectUnicodeTagChars", pyrit: "AsciiSmugglerConverter" },
    maxExpansion: 2,
    apply: (text) => text.replace(/[\x20-\x7e]/g, (c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))),
    invert: readTags,
  },
  {
    ...INVISIBLE_TEXT,
    name: "variation-selectors",
    describe: "Variation selectors behind some of the characters.",
    names: {},
    maxExpansion: 2,
    apply: (text, random) => someCharacters(text, random, (c) => c + String.fromCharCode(0xfe00 + random.below(16))),
    invert: stripInvisible,
  },
  {
    ...INVISIBLE_TEXT,
    name: "variation-smuggling",
    describe: "The UTF-8 bytes as variation selectors behind an emoji.",
    names: { garak: "encoding.InjectUnicodeVariantSelectors", pyrit: "VariationSelectorSmugglerConverter" },
    lossless: true,
    maxExpansion: 6,
    maxAdded: CARRIER.length,
    apply: (text) => CARRIER + Array.from(Buffer.from(text), selector).join(""),
    invert: (text) => Buffer.from(variationBytes(text)).toString(),
  },
];

function selector(byte: number): string {
  return String.fromCodePoint(byte < 16 ? 0xfe00 + byte : 0xe0100 + byte - 16);
}

function letter(random: Random): string {
  return String.fromCharCode(97 + random.below(26));
}
