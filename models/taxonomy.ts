// The one taxonomy inside Cordon: the hazards of MLCommons AILuminate 1.0, with its CBRNE hazard (iwp) split finely
// enough to filter pre-training data, and a few harms that moderation needs beside them. Mapped at the edge to
// OpenAI's 13 moderation categories, Llama Guard's S1-S14 and PKU's labels (see taxonomy-maps.ts).

export interface Category {
  /** Short name shown to people. */
  title: string;
  /** AILuminate hazard code; null where AILuminate has none. */
  ailuminate: string | null;
}

export const CATEGORIES = {
  hate: { title: "Hate", ailuminate: "hte" },
  harassment: { title: "Harassment and insults", ailuminate: null },
  threats: { title: "Threats", ailuminate: "vcr" },
  "graphic-violence": { title: "Graphic violence", ailuminate: null },
  "violent-crimes": { title: "Violent crimes", ailuminate: "vcr" },
  "sexual-content": { title: "Sexual content", ailuminate: "sxc" },
  "sex-crimes": { title: "Sex-related crimes", ailuminate: "src" },
  "child-exploitation": { title: "Child sexual exploitation", ailuminate: "cse" },
  "self-harm": { title: "Suicide and self-harm", ailuminate: "ssh" },
  biological: { title: "Biological weapons", ailuminate: "iwp" },
  chemical: { title: "Chemical weapons", ailuminate: "iwp" },
  nuclear: { title: "Radiological and nuclear weapons", ailuminate: "iwp" },
  explosive: { title: "Explosives and conventional weapons", ailuminate: "iwp" },
  cyber: { title: "Cyber attacks", ailuminate: "ncr" },
  "nonviolent-crimes": { title: "Non-violent crimes", ailuminate: "ncr" },
  privacy: { title: "Privacy", ailuminate: "prv" },
  defamation: { title: "Defamation", ailuminate: "dfm" },
  "intellectual-property": { title: "Intellectual property", ailuminate: "ipv" },
  "specialized-advice": { title: "Specialised advice", ailuminate: "spc" },
  misinformation: { title: "Misinformation", ailuminate: null },
  jailbreak: { title: "Jailbreak attempts", ailuminate: null },
} as const satisfies Record<string, Category>;

export type CategoryId = keyof typeof CATEGORIES;

export const CATEGORY_IDS = Object.keys(CATEGORIES) as CategoryId[];

/** Categories whose texts overlap, so that a text of one says nothing about the others of its family. */
const FAMILIES: CategoryId[][] = [
  ["hate", "harassment", "threats"],
  ["violent-crimes", "threats", "graphic-violence", "explosive"],
  ["biological", "chemical", "nuclear", "explosive"],
  ["sexual-content", "sex-crimes", "harassment"],
  ["cyber", "privacy", "nonviolent-crimes", "intellectual-property"],
  ["misinformation", "defamation", "specialized-advice"],
];

/** The categories that share a family with `category`, itself left out. */
export function relatedCategories(category: CategoryId): CategoryId[] {
  return CATEGORY_IDS.filter(
    (other) => other !== category && FAMILIES.some((family) => family.includes(category) && family.includes(other)),
  );
}

/** The label over all categories: 1 where any category is present. It is an output of its own, not a maximum. */
export const HARMFUL = "harmful";

export function isCategoryId(value: string): value is CategoryId {
  return Object.hasOwn(CATEGORIES, value);
}
