// Requests put into the past or the future, as far as rules do it without a grammar: refusals learned in the present often
// do not hold there (arXiv 2407.11969). Verbs without an auxiliary stay; where no rule fits, the text does.
import type { Transform } from "./transform.ts";

type Rule = readonly [pattern: RegExp, replacement: (...groups: string[]) => string];

const TENSE = { family: "structure", version: 1, jailbreak: "unknown", lossless: false, maxExpansion: 5, maxAdded: 0 } as const;
const PERSON = "I|you|we|they|he|she|it|one|someone|somebody|people";

const PAST: readonly Rule[] = [
  [new RegExp(`\\bhow (?:do|can|could|would|should|will|might) (?:${PERSON})\\b`, "gi"), () => "how did people"],
  [/\bhow to\b/gi, () => "how people used to"],
  [new RegExp(`\\b(?:do|does) (${PERSON})\\b`, "gi"), (person) => `did ${person!}`],
  [/\b(?:is|am)\b/gi, () => "was"],
  [/\bare\b/gi, () => "were"],
  [/\bcan\b/gi, () => "could"],
  [/\bwill\b/gi, () => "would"],
  [/\b(?:have|has)\b/gi, () => "had"],
  [/\b(?:do|does)n(['’])t\b/gi, (apostrophe) => `didn${apostrophe!}t`],
];

const FUTURE: readonly Rule[] = [
  [new RegExp(`\\bhow (?:do|did|can|could|would|should|might) (?:${PERSON})\\b`, "gi"), () => "how will people"],
  [/\bhow to\b/gi, () => "how people will"],
  [new RegExp(`\\b(?:do|does|did) (${PERSON})\\b`, "gi"), (person) => `will ${person!}`],
  [new RegExp(`\\b(?:is|am|are|was|were) (this|that|there|${PERSON})\\b`, "gi"), (subject) => `will ${subject!} be`],
  [/\b(?:is|am|are|was|were)\b/gi, () => "will be"],
  [/\b(?:can|could)\b/gi, () => "will be able to"],
  [/\b(?:have|has|had)\b/gi, () => "will have"],
  [/\b(?:do|does|did)n(['’])t\b/gi, (apostrophe) => `won${apostrophe!}t`],
];

export const TENSES: readonly Transform[] = [
  {
    ...TENSE,
    name: "past-tense",
    describe: "Questions of how and auxiliary verbs in the past.",
    names: { pyrit: "TenseConverter" },
    apply: (text) => applyRules(text, PAST),
  },
  {
    ...TENSE,
    name: "future-tense",
    describe: "Questions of how and auxiliary verbs in the future.",
    names: { pyrit: "TenseConverter" },
    apply: (text) => applyRules(text, FUTURE),
  },
];

function applyRules(text: string, rules: readonly Rule[]): string {
  return rules.reduce((all, [pattern, replacement]) => {
    return all.replace(pattern, (match: string, ...groups: string[]) => {
      const replaced = replacement(...groups);
      return /^[A-Z]/.test(match) ? replaced.charAt(0).toUpperCase() + replaced.slice(1) : replaced;
    });
  }, text);
}
