// Words that name minors, for the rule of the label child-exploitation: sexual content in a window that holds one of
// them. No text of that category is ever written, generated or trained on (docs/handling.md).

/** Single lower-case tokens. Ambiguous words ("kid", "girl") are in: the rule asks for sexual content as well. */
export const MINOR_WORDS: readonly string[] = [
  "child", "children", "childlike", "kid", "kids", "kiddie", "minor", "minors", "underage", "preteen", "preteens", "teen", "teens", "teenage", "teenager",
  "teenagers", "toddler", "toddlers", "infant", "infants", "baby", "babies", "schoolgirl", "schoolgirls", "schoolboy", "schoolboys", "girl", "girls", "boy", "boys",
  "daughter", "daughters", "son", "sons", "stepdaughter", "stepson", "niece", "nephew", "pupil", "pupils", "student", "juvenile", "juveniles", "adolescent", "adolescents",
  "youngster", "youngsters", "prepubescent", "pubescent", "loli", "shota", "jailbait", "pedo", "paedo", "pedophile", "paedophile", "pedophilia", "paedophilia",
];

const WORDS: ReadonlySet<string> = new Set(MINOR_WORDS);

/** Whether one of the words stands in a text. */
export function namesMinor(text: string): boolean {
  return (text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).some((word) => WORDS.has(word));
}
