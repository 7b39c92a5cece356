// English inflection for the frames: the -ing form of an act, whose first word is its verb.

/** Verbs of several syllables, stressed on the last, that double their consonant. */
const DOUBLED = new Set(
  "admit begin commit compel control deter equip excel expel forget format kidnap outrun patrol permit program propel rebut refer regret repel submit transfer transmit upset worship".split(" "),
);
const IRREGULAR: Record<string, string> = { be: "being", die: "dying", lie: "lying", tie: "tying", untie: "untying", dye: "dyeing", singe: "singeing", panic: "panicking", traffic: "trafficking", mimic: "mimicking", quit: "quitting", quiz: "quizzing" };

/** "break into a car" → "breaking into a car". */
export function acting(act: string): string {
  const space = act.search(/[\s,]/);
  const verb = space < 0 ? act : act.slice(0, space);
  const rest = space < 0 ? "" : act.slice(space);
  const hyphen = verb.lastIndexOf("-");
  return verb.slice(0, hyphen + 1) + gerund(verb.slice(hyphen + 1)) + rest;
}

function gerund(verb: string): string {
  const lower = verb.toLowerCase();
  const irregular = IRREGULAR[lower];
  if (irregular !== undefined) return irregular;
  if (/[^eoy]e$/.test(lower)) return `${verb.slice(0, -1)}ing`;
  const oneSyllable = (lower.match(/[aeiouy]+/g) ?? []).length === 1;
  const closed = /(^|[^aeiou])[aeiou][bdfglmnprtvz]$/.test(lower);
  if ((closed && oneSyllable) || DOUBLED.has(lower)) return `${verb}${verb.at(-1)}ing`;
  return `${verb}ing`;
}

export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
