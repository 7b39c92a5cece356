// Undoes, cheaply and without a model, what disguises a text from a reader of tokens and leaves it legible for people:
// invisible characters, bidirectional overrides, deletions, tags, compatibility forms, stacked marks, look-alikes (the
// perturbations of "Bad Characters", arXiv 2106.09898, and of Trojan Source, arXiv 2111.00169). What hides a text from
// people too (base64, ROT13, …) is found by hidden-text.ts.
//
// The guard scores what this gives; training, the filter and the ONNX graph take texts as they stand. Normal forms and tables
// of letters are Node's, so a newer Unicode changes them.
import { foldHomoglyphs } from "./homoglyphs.ts";

/** Texts that hold nothing else are canonical as they stand. */
const PLAIN = /^[\t\n\r\x20-\x7e]*$/;

const TAG = /[\u{e0000}-\u{e007f}]/gu;
/** Unicode's Default_Ignorable_Code_Point (version 17), in escapes since none can be seen. */
const INVISIBLE = new RegExp(
  "[\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f\\u202a-\\u202e\\u2060-\\u206f\\u3164" +
    "\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufff8\\u{1bca0}-\\u{1bca3}\\u{1d173}-\\u{1d17a}\\u{e0000}-\\u{e0fff}]",
  "gu",
);
const OVERRIDE = /\u202e([^\u202a-\u202e]*)\u202c/gu;
/** Combining marks of no script of their own: what is stacked on any letter. */
const MARKS = "\\u0300-\\u036f\\u0483-\\u0489\\u1ab0-\\u1aff\\u1dc0-\\u1dff\\u20d0-\\u20f0\\ufe20-\\ufe2f";
const LATIN_MARKS = new RegExp(`([A-Za-z0-9])[${MARKS}]+`, "g");
const STACKED_MARKS = new RegExp(`([${MARKS}]{2})[${MARKS}]+`, "g");

/** Tag characters (U+E0020 to U+E007E) become the ASCII that they stand for; the others of their block go. */
export function readTags(text: string): string {
  return text.replace(TAG, (tag) => {
    const ascii = tag.codePointAt(0)! - 0xe0000;
    return ascii >= 0x20 && ascii < 0x7f ? String.fromCharCode(ascii) : "";
  });
}

/** A run between RIGHT-TO-LEFT OVERRIDE and its end comes in the order in which people see it. Runs inside runs are left. */
export function readOverrides(text: string): string {
  return text.replace(OVERRIDE, (_, run: string) => [...run].reverse().join(""));
}

/** A backspace takes away the character before it, as a terminal shows it. */
export function applyDeletions(text: string): string {
  if (!text.includes("\b")) return text;
  const kept: string[] = [];
  for (const character of text) {
    if (character === "\b") kept.pop();
    else kept.push(character);
  }
  return kept.join("");
}

/** Without characters that have no look: zero-width ones, variation selectors, bidirectional controls. */
export function stripInvisible(text: string): string {
  return text.replace(INVISIBLE, "");
}

/**
 * Without accents on Latin letters and digits, as BERT's uncased models read them (é → e), and without the third and
 * further marks on anything else. The result is in NFKC.
 */
export function stripMarks(text: string): string {
  return text.normalize("NFKD").replace(LATIN_MARKS, "$1").replace(STACKED_MARKS, "$1").normalize("NFKC");
}

/**
 * The text as people read it. Idempotent; plain ASCII comes back as it is. Case and white space stay. What is lost:
 * accents on Latin letters, joiners in emoji and in scripts that use them, compatibility distinctions (² → 2).
 * @param text any string; a lone surrogate stays one
 */
export function canonicalise(text: string): string {
  if (PLAIN.test(text)) return text;
  const visible = stripInvisible(readOverrides(readTags(text)));
  return stripMarks(foldHomoglyphs(applyDeletions(visible).normalize("NFKD")));
}
