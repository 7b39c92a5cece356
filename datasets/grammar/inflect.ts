// English inflection for the frames (British spelling): the -ing form of an act, whose first word is its verb, or an
// adverb and its second the verb.

/** Verbs of several syllables, stressed on the last, that double their consonant. */
const DOUBLED = new Set(
  (
    "admit begin bootleg commit compel debug defer defrag deter eavesdrop embed equip excel expel forget format input kidnap patrol permit program propel reprogram " +
    "screenshot submit transfer transmit upset wiretap worship"
  ).split(" "),
);
/** So do those of one syllable behind a prefix: reset, untag, outrun, overlap; not reason, render, reckon. */
const PREFIXED =
  /^(?:out|over|re|un)(?:[bcdfghjklmnprstvwz]|[bcfgps]l|[bcdfgptw]r|[cstw]h|s[ckmnptw]|kn|qu|tw|s[cpt]r|[ts]hr|spl|squ)[aeiou][bdfglmnprtvz]$/;
const IRREGULAR: Record<string, string> = {
  age: "ageing",
  be: "being",
  die: "dying",
  lie: "lying",
  tie: "tying",
  untie: "untying",
  dye: "dyeing",
  gas: "gassing",
  singe: "singeing",
  panic: "panicking",
  parallel: "paralleling",
  traffic: "trafficking",
  mimic: "mimicking",
};
/** Verbs that look like adverbs. */
const ENDS_IN_LY = new Set("ally apply bully comply fly imply multiply ply rally rely reply sully supply tally".split(" "));

/** "break into a car" → "breaking into a car", "secretly record a call" → "secretly recording a call". */
export function acting(act: string): string {
  const [adverb = ""] = /^\w+ly\s+/.exec(act) ?? [];
  const start = ENDS_IN_LY.has(adverb.trimEnd().toLowerCase()) ? 0 : adverb.length;
  const length = act.slice(start).search(/[\s,]/);
  const end = length < 0 ? act.length : start + length;
  // Of "zip-tie" only the last part.
  const from = Math.max(start, act.lastIndexOf("-", end - 1) + 1);
  return act.slice(0, from) + gerund(act.slice(from, end)) + act.slice(end);
}

function gerund(verb: string): string {
  const lower = verb.toLowerCase();
  const irregular = IRREGULAR[lower];
  if (irregular !== undefined) return irregular;
  if (/[^eoy]e$/.test(lower)) return `${verb.slice(0, -1)}ing`;
  const oneSyllable = (lower.match(/[aeiouy]+/g) ?? []).length === 1;
  const closed = /(^|[^aeiou]|qu)[aeiou][bdfglmnprtvz]$/.test(lower);
  // "travelling": a final l doubles wherever the stress lies.
  if (closed && (oneSyllable || lower.endsWith("l") || DOUBLED.has(lower) || PREFIXED.test(lower))) return `${verb}${verb.at(-1)}ing`;
  return `${verb}ing`;
}

export function capitalise(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
