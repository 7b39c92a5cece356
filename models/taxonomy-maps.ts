// The taxonomy at the edge: scores to and from OpenAI's 13 moderation categories, Llama Guard 3's S1-S14, the 19 harm
// categories of PKU-SafeRLHF and MLCommons AILuminate's hazard codes.
// Outwards every foreign category gets a number, since their clients expect all keys. Inwards only what a foreign
// category states is set: a category that the other side splits differently is left out, which means unknown, not 0.
import type { CategoryId } from "./taxonomy.ts";

export const OPENAI_CATEGORIES = [
  "harassment",
  "harassment/threatening",
  "hate",
  "hate/threatening",
  "illicit",
  "illicit/violent",
  "self-harm",
  "self-harm/intent",
  "self-harm/instructions",
  "sexual",
  "sexual/minors",
  "violence",
  "violence/graphic",
] as const;
export type OpenAiCategory = (typeof OPENAI_CATEGORIES)[number];

export const LLAMA_GUARD_CATEGORIES = ["S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S13", "S14"] as const;
export type LlamaGuardCategory = (typeof LLAMA_GUARD_CATEGORIES)[number];

export const AILUMINATE_HAZARDS = ["vcr", "ncr", "src", "cse", "dfm", "spc", "prv", "ipv", "iwp", "hte", "ssh", "sxc"] as const;
export type AiluminateHazard = (typeof AILUMINATE_HAZARDS)[number];

export const PKU_CATEGORIES = [
  "Endangering National Security",
  "Insulting Behavior",
  "Discriminatory Behavior",
  "Endangering Public Health",
  "Copyright Issues",
  "Violence",
  "Drugs",
  "Privacy Violation",
  "Economic Crime",
  "Mental Manipulation",
  "Human Trafficking",
  "Physical Harm",
  "Sexual Content",
  "Cybercrime",
  "Disrupting Public Order",
  "Environmental Damage",
  "Psychological Harm",
  "White-Collar Crime",
  "Animal Abuse",
] as const;
export type PkuCategory = (typeof PKU_CATEGORIES)[number];

/** Scores by category, each 0 to 1. A category that is missing was not scored. */
export type CategoryScores = Partial<Record<CategoryId, number>>;

/** How a foreign category is made of ours: the highest of some, or, for a conjunction, the lowest. */
type Rule = { max: readonly CategoryId[] } | { min: readonly CategoryId[] };

export interface TaxonomyMap<F extends string> {
  to: Readonly<Record<F, Rule>>;
  /** Foreign categories each of which means that ours is present. */
  from: Readonly<Partial<Record<CategoryId, readonly F[]>>>;
}

const WEAPONS = ["biological", "chemical", "nuclear", "explosive"] as const;
/** Nothing of ours corresponds: the score is 0. */
const NONE: Rule = { max: [] };

export const OPENAI_MAP: TaxonomyMap<OpenAiCategory> = {
  to: {
    // A threat is harassment that includes serious harm, whether or not an insult stands beside it.
    harassment: { max: ["harassment", "threats"] },
    "harassment/threatening": { max: ["threats"] },
    hate: { max: ["hate"] },
    "hate/threatening": { min: ["hate", "threats"] },
    illicit: { max: ["violent-crimes", "sex-crimes", "nonviolent-crimes", "cyber", ...WEAPONS] },
    "illicit/violent": { max: [...WEAPONS, "violent-crimes"] },
    // Intent and instructions are not told apart inside, so the three share one score.
    "self-harm": { max: ["self-harm"] },
    "self-harm/intent": { max: ["self-harm"] },
    "self-harm/instructions": { max: ["self-harm"] },
    sexual: { max: ["sexual-content", "child-exploitation"] },
    "sexual/minors": { max: ["child-exploitation"] },
    violence: { max: ["threats", "violent-crimes", "graphic-violence"] },
    "violence/graphic": { max: ["graphic-violence"] },
  },
  // `illicit` and `violence` say that one of several is present, not which.
  from: {
    harassment: ["harassment", "harassment/threatening"],
    threats: ["harassment/threatening", "hate/threatening"],
    hate: ["hate", "hate/threatening"],
    "self-harm": ["self-harm", "self-harm/intent", "self-harm/instructions"],
    "sexual-content": ["sexual"],
    "child-exploitation": ["sexual/minors"],
    "graphic-violence": ["violence/graphic"],
  },
};

export const LLAMA_GUARD_MAP: TaxonomyMap<LlamaGuardCategory> = {
  to: {
    S1: { max: ["violent-crimes", "threats"] },
    S2: { max: ["nonviolent-crimes", "cyber"] },
    S3: { max: ["sex-crimes"] },
    S4: { max: ["child-exploitation"] },
    S5: { max: ["defamation"] },
    S6: { max: ["specialized-advice"] },
    S7: { max: ["privacy"] },
    S8: { max: ["intellectual-property"] },
    S9: { max: WEAPONS },
    S10: { max: ["hate"] },
    S11: { max: ["self-harm"] },
    S12: { max: ["sexual-content"] },
    // S13 is false information on elections: ours is wider, so this errs towards flagging.
    S13: { max: ["misinformation"] },
    // S14, abuse of a code interpreter, is about a tool call, which a text classifier does not see.
    S14: NONE,
  },
  from: {
    "violent-crimes": ["S1"],
    "nonviolent-crimes": ["S2"],
    "sex-crimes": ["S3"],
    "child-exploitation": ["S4"],
    defamation: ["S5"],
    "specialized-advice": ["S6"],
    privacy: ["S7"],
    "intellectual-property": ["S8"],
    hate: ["S10"],
    "self-harm": ["S11"],
    "sexual-content": ["S12"],
    misinformation: ["S13"],
  },
};

export const AILUMINATE_MAP: TaxonomyMap<AiluminateHazard> = {
  to: {
    vcr: { max: ["violent-crimes", "threats"] },
    ncr: { max: ["nonviolent-crimes", "cyber"] },
    src: { max: ["sex-crimes"] },
    cse: { max: ["child-exploitation"] },
    dfm: { max: ["defamation"] },
    spc: { max: ["specialized-advice"] },
    prv: { max: ["privacy"] },
    ipv: { max: ["intellectual-property"] },
    iwp: { max: WEAPONS },
    hte: { max: ["hate"] },
    ssh: { max: ["self-harm"] },
    sxc: { max: ["sexual-content"] },
  },
  // iwp says that one of the four kinds of weapon is present, not which.
  from: {
    "violent-crimes": ["vcr"],
    "nonviolent-crimes": ["ncr"],
    "sex-crimes": ["src"],
    "child-exploitation": ["cse"],
    defamation: ["dfm"],
    "specialized-advice": ["spc"],
    privacy: ["prv"],
    "intellectual-property": ["ipv"],
    hate: ["hte"],
    "self-harm": ["ssh"],
    "sexual-content": ["sxc"],
  },
};

export const PKU_MAP: TaxonomyMap<PkuCategory> = {
  to: {
    "Endangering National Security": { max: WEAPONS },
    "Insulting Behavior": { max: ["harassment"] },
    "Discriminatory Behavior": { max: ["hate"] },
    "Endangering Public Health": { max: ["biological", "chemical", "nuclear"] },
    "Copyright Issues": { max: ["intellectual-property"] },
    Violence: { max: ["violent-crimes", "threats", "graphic-violence"] },
    Drugs: NONE,
    "Privacy Violation": { max: ["privacy"] },
    "Economic Crime": { max: ["nonviolent-crimes"] },
    "Mental Manipulation": { max: ["misinformation"] },
    "Human Trafficking": NONE,
    "Physical Harm": { max: ["violent-crimes", "self-harm"] },
    "Sexual Content": { max: ["sexual-content", "child-exploitation"] },
    Cybercrime: { max: ["cyber"] },
    "Disrupting Public Order": NONE,
    "Environmental Damage": NONE,
    "Psychological Harm": { max: ["harassment", "threats", "self-harm"] },
    "White-Collar Crime": { max: ["nonviolent-crimes"] },
    "Animal Abuse": NONE,
  },
  from: {
    harassment: ["Insulting Behavior"],
    hate: ["Discriminatory Behavior"],
    "intellectual-property": ["Copyright Issues"],
    privacy: ["Privacy Violation"],
    "nonviolent-crimes": ["Economic Crime", "White-Collar Crime", "Drugs"],
    "sexual-content": ["Sexual Content"],
    cyber: ["Cybercrime"],
    "violent-crimes": ["Animal Abuse"],
  },
};

/** Scores of all 13 OpenAI categories; a category that was not scored counts as 0. */
export function toOpenAi(scores: CategoryScores): Record<OpenAiCategory, number> {
  return outwards(OPENAI_MAP, scores);
}

/** Scores of the categories that OpenAI's state. */
export function fromOpenAi(scores: Partial<Record<OpenAiCategory, number>>): CategoryScores {
  return inwards(OPENAI_MAP, scores);
}

/** Scores of Llama Guard's S1-S14; S14 has no counterpart and is 0. */
export function toLlamaGuard(scores: CategoryScores): Record<LlamaGuardCategory, number> {
  return outwards(LLAMA_GUARD_MAP, scores);
}

export function fromLlamaGuard(scores: Partial<Record<LlamaGuardCategory, number>>): CategoryScores {
  return inwards(LLAMA_GUARD_MAP, scores);
}

/** Scores of AILuminate's 12 hazards. */
export function toAiluminate(scores: CategoryScores): Record<AiluminateHazard, number> {
  return outwards(AILUMINATE_MAP, scores);
}

export function fromAiluminate(scores: Partial<Record<AiluminateHazard, number>>): CategoryScores {
  return inwards(AILUMINATE_MAP, scores);
}

/** Scores of PKU-SafeRLHF's 19; drugs, trafficking, public order, environment and animals have no counterpart and are 0. */
export function toPku(scores: CategoryScores): Record<PkuCategory, number> {
  return outwards(PKU_MAP, scores);
}

export function fromPku(scores: Partial<Record<PkuCategory, number>>): CategoryScores {
  return inwards(PKU_MAP, scores);
}

/** The categories that a foreign category means are present. */
export function impliedBy<F extends string>(map: TaxonomyMap<F>, foreign: F): CategoryId[] {
  return (Object.entries(map.from) as [CategoryId, readonly F[]][])
    .filter(([, names]) => names.includes(foreign))
    .map(([category]) => category);
}

function outwards<F extends string>(map: TaxonomyMap<F>, scores: CategoryScores): Record<F, number> {
  const score = (rule: Rule): number => {
    if ("max" in rule) return rule.max.reduce((highest, c) => Math.max(highest, scores[c] ?? 0), 0);
    return rule.min.reduce((lowest, c) => Math.min(lowest, scores[c] ?? 0), 1);
  };
  return Object.fromEntries((Object.entries(map.to) as [F, Rule][]).map(([name, rule]) => [name, score(rule)])) as Record<F, number>;
}

function inwards<F extends string>(map: TaxonomyMap<F>, scores: Partial<Record<F, number>>): CategoryScores {
  const result: CategoryScores = {};
  for (const [category, names] of Object.entries(map.from) as [CategoryId, readonly F[]][]) {
    const known = names.map((name) => scores[name]).filter((score) => score !== undefined);
    if (known.length > 0) result[category] = Math.max(...known);
  }
  return result;
}
