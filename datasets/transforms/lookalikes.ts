// Unicode that people read as the same text: look-alikes of other scripts, stacked and single marks, superscript and
// fullwidth letters, and the four normalisation forms (UAX #15), which change nothing that is seen.
import { HOMOGLYPHS, foldHomoglyphs } from "#models/text/homoglyphs";
import { stripMarks } from "#models/text/canonical";
import { type Transform, someCharacters } from "./transform.ts";

const LOOKALIKE = { family: "unicode", version: 1, jailbreak: "unknown", lossless: false, maxAdded: 0 } as const;

const ACCENTS = [..."\u0300\u0301\u0302\u0303\u0308\u030a\u030c\u0323\u0327\u0331"];
const MARKS = Array.from({ length: 0x70 }, (_, i) => String.fromCharCode(0x300 + i)).filter((mark) => mark !== "\u034f");

const SUPERSCRIPT = new Map(
  [..."abcdefghijklmnopqrstuvwxyz0123456789ABDEGHIJKLMNOPRTUVW+-=()"].map((c, i) => [
    c,
    [..."ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖ𐞥ʳˢᵗᵘᵛʷˣʸᶻ⁰¹²³⁴⁵⁶⁷⁸⁹ᴬᴮᴰᴱᴳᴴᴵᴶᴷᴸᴹᴺᴼᴾᴿᵀᵁⱽᵂ⁺⁻⁼⁽⁾"][i]!,
  ]),
);

export const LOOKALIKES: readonly Transform[] = [
  {
    ...LOOKALIKE,
    name: "homoglyphs",
    describe: "Look-alikes of other scripts for some of the letters.",
    names: { garak: "badchars.BadCharacters", pyrit: "UnicodeConfusableConverter", promptfoo: "homoglyph" },
    maxExpansion: 1,
    apply: (text, random) => someCharacters(text, random, (c) => (/[a-zA-Z]/.test(c) ? random.pick([...(HOMOGLYPHS[c] ?? c)]) : c)),
    invert: foldHomoglyphs,
  },
  {
    ...LOOKALIKE,
    name: "zalgo",
    describe: "One to eight marks stacked on each letter.",
    names: { garak: "encoding.InjectZalgo", pyrit: "ZalgoConverter" },
    maxExpansion: 9,
    apply(text, random) {
      const height = 2 + random.below(7);
      return text.replace(/\p{L}/gu, (c) => c + Array.from({ length: 1 + random.below(height) }, () => random.pick(MARKS)).join(""));
    },
    invert: stripMarks,
  },
  {
    ...LOOKALIKE,
    name: "diacritics",
    describe: "An accent on some of the letters.",
    names: { pyrit: "DiacriticConverter" },
    maxExpansion: 2,
    apply: (text, random) => someCharacters(text, random, (c) => (/[a-zA-Z]/.test(c) ? (c + random.pick(ACCENTS)).normalize("NFC") : c)),
    invert: stripMarks,
  },
  {
    ...LOOKALIKE,
    name: "superscript",
    describe: "Superscript letters and digits where there are any.",
    names: { pyrit: "SuperscriptConverter" },
    maxExpansion: 2,
    apply: (text) => Array.from(text, (c) => SUPERSCRIPT.get(c) ?? SUPERSCRIPT.get(c.toLowerCase()) ?? c).join(""),
    invert: (text) => text.normalize("NFKC"),
  },
  {
    ...LOOKALIKE,
    name: "fullwidth",
    describe: "Fullwidth forms of ASCII.",
    names: { garak: "encoding.InjectUTFFullwidth" },
    maxExpansion: 1,
    apply: (text) => text.replace(/[!-~]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 0xfee0)).replaceAll(" ", "\u3000"),
    invert: (text) => text.normalize("NFKC"),
  },
  ...(["NFC", "NFD", "NFKC", "NFKD"] as const).map((form): Transform => ({
    ...LOOKALIKE,
    name: form.toLowerCase(),
    describe: `Unicode's normalisation form ${form[2] === "K" ? "K" : ""}${form.at(-1)}.`,
    names: {},
    jailbreak: "no",
    // The longest decompositions (UAX #15, table 2).
    maxExpansion: form.includes("K") ? 18 : form === "NFD" ? 4 : 3,
    apply: (text) => text.normalize(form),
  })),
];
