// Label names that mean the same wherever they stand: Cordon's own categories, OpenAI's, Llama Guard's, AILuminate's and
// PKU's. Sets that use one of these taxonomies, and sets that nobody has described, are read with them.
import { CATEGORY_IDS, type CategoryId } from "#models/taxonomy";
import { AILUMINATE_MAP, impliedBy, LLAMA_GUARD_MAP, OPENAI_MAP, PKU_MAP, type TaxonomyMap } from "#models/taxonomy-maps";
import type { Meaning } from "./meaning.ts";

/**
 * Meanings of a foreign taxonomy's names. What a name is made of but does not imply (which of the four weapons) is open.
 */
export function meaningsOf<F extends string>(map: TaxonomyMap<F>): Record<F, Meaning> {
  return Object.fromEntries(
    (Object.keys(map.to) as F[]).map((name) => {
      const present = impliedBy(map, name);
      const rule = map.to[name];
      const possible = ("max" in rule ? rule.max : rule.min).filter((c) => !present.includes(c));
      return [name, { present, possible }];
    }),
  ) as unknown as Record<F, Meaning>;
}

/** AILuminate's specialised advice and sexual content come with a suffix of their own. */
export const AILUMINATE_LABELS: Record<string, Meaning> = {
  ...meaningsOf(AILUMINATE_MAP),
  sxc_prn: { present: ["sexual-content"] },
  spc_fin: { present: ["specialized-advice"] },
  spc_hlt: { present: ["specialized-advice"] },
  spc_ele: { present: ["specialized-advice"] },
  spc_lgl: { present: ["specialized-advice"] },
};

export const RECOGNISED: Record<string, Meaning> = {
  ...meaningsOf(PKU_MAP),
  ...AILUMINATE_LABELS,
  ...meaningsOf(LLAMA_GUARD_MAP),
  ...meaningsOf(OPENAI_MAP),
  // Cordon's own names last: where two taxonomies share a name, ours is meant.
  ...Object.fromEntries(CATEGORY_IDS.map((c): [CategoryId, Meaning] => [c, { present: [c] }])),
};
