// The one table of foreign data sets: what each annotates, and what its label names say in the taxonomy.
// Rules: what a source does not annotate stays unknown (masked), never 0. A source that gives one label a row says nothing
// of the other categories of a harmful row. A name that covers several of our categories leaves them unknown.
import { basename } from "node:path";
import type { CategoryId } from "#models/taxonomy";
import { PKU_MAP } from "#models/taxonomy-maps";
import { CATQA_LABELS } from "./catqa.ts";
import type { Meaning, SourceMap } from "./meaning.ts";
import { AILUMINATE_LABELS, RECOGNISED, meaningsOf } from "./recognised.ts";

const CYBER: Meaning = { present: ["cyber"] };
const HATE: Meaning = { present: ["hate"] };
const OPEN: Meaning = {};
const ALL_ABSENT: Meaning = { absent: "rest" };

/** Sets that ask one question, is this hate? Its absence leaves insults and every other harm open. */
const HATE_ONLY = { harmful: HATE, harmless: { absent: ["hate"] } } satisfies Partial<SourceMap>;

/** Sets of rude and insulting text: which of the three a harmful row is, they do not say. */
const TOXICITY = { harmful: OPEN, harmless: { absent: ["hate", "harassment", "threats"] } } satisfies Partial<SourceMap>;

/** Requests that do harm of whatever kind; their harmless side, where there is one, does none. */
const REQUESTS = { harmful: OPEN, harmless: ALL_ABSENT } satisfies Partial<SourceMap>;

/** Ordinary traffic, checked to hold no harm. */
const ordinary = (about: string): SourceMap => ({ about, labels: {}, otherNames: true, ...REQUESTS });

const only = (...present: CategoryId[]): Meaning => ({ present });

export const SOURCES: Readonly<Record<string, SourceMap>> = {
  "ailuminate-demo": {
    about: "MLCommons AILuminate 1.0 demo prompts: one hazard code a prompt; iwp does not say which weapon",
    labels: AILUMINATE_LABELS,
    ...REQUESTS,
  },
  "beavertails-prompts": {
    about: "PKU BeaverTails: harm categories, several a row, judged on replies to the prompt",
    labels: {
      animal_abuse: only("violent-crimes"),
      controversial_topics_politics: { possible: ["misinformation", "hate"] },
      discrimination_stereotype_injustice: HATE,
      drug_abuse_weapons_banned_substance: { present: ["nonviolent-crimes"], possible: ["explosive"] },
      financial_crime_property_crime_theft: only("nonviolent-crimes"),
      // Rude words at anyone count here, so hate only where discrimination stands beside it.
      hate_speech_offensive_language: { possible: ["hate", "harassment"] },
      misinformation_regarding_ethics_laws_and_safety: only("misinformation"),
      non_violent_unethical_behavior: { possible: ["nonviolent-crimes", "privacy", "misinformation"] },
      privacy_violation: only("privacy"),
      self_harm: only("self-harm"),
      sexually_explicit_adult_content: only("sexual-content"),
      terrorism_organized_crime: only("violent-crimes"),
      // Also given for aiding and abetting any crime: by far its most frequent use.
      violence_aiding_and_abetting_incitement: { possible: ["violent-crimes", "nonviolent-crimes", "self-harm"] },
    },
    harmful: { absent: ["hate", "self-harm", "sexual-content", "privacy", "misinformation", "violent-crimes", "nonviolent-crimes"] },
    harmless: ALL_ABSENT,
  },
  "pku-saferlhf": {
    about: "PKU-SafeRLHF: 19 harm categories, several a row",
    labels: {
      ...meaningsOf(PKU_MAP),
      "Human Trafficking": { possible: ["violent-crimes", "nonviolent-crimes", "sex-crimes"] },
      "Disrupting Public Order": { possible: ["violent-crimes", "nonviolent-crimes", "misinformation"] },
      "Environmental Damage": { possible: ["nonviolent-crimes", "chemical"] },
    },
    harmful: { absent: ["hate", "harassment", "privacy", "cyber", "intellectual-property", "sexual-content", "nonviolent-crimes"] },
    harmless: ALL_ABSENT,
  },
  "do-not-answer": {
    about: "Do-Not-Answer: one of five risk areas a question, four of them wider than any category",
    labels: {
      information_hazard: OPEN,
      malicious_uses: OPEN,
      discrimination_exclusion_toxicity_hateful_offensive: OPEN,
      misinformation_harms: only("misinformation"),
      human_chatbox: OPEN,
    },
    ...REQUESTS,
  },
  catqa: {
    about: "CatQA: one of eleven categories and its subcategory a question",
    labels: CATQA_LABELS,
    ...REQUESTS,
  },
  harmfulqa: { about: "HarmfulQA: harmful questions by academic topic, which is no category", labels: {}, otherNames: true, ...REQUESTS },
  advbench: { about: "AdvBench: harmful instructions without categories", labels: {}, otherNames: true, ...REQUESTS },
  "cyberseceval-mitre": {
    about: "CyberSecEval: requests for help with attacks, by MITRE ATT&CK tactic",
    labels: {},
    otherNames: true,
    harmful: CYBER,
    harmless: { absent: ["cyber"] },
  },
  "jailbreaks-in-the-wild": {
    about: "Jailbreak prompts found in the wild; what they are used for is not said",
    labels: { jailbreak: only("jailbreak") },
    otherNames: true,
    harmful: only("jailbreak"),
    harmless: { absent: ["jailbreak"] },
  },
  "instructions-harmless": ordinary("Ordinary instructions (Alpaca-derived)"),
  "alpaca-5000": ordinary("Ordinary instructions (Alpaca)"),
  "wildchat-benign": ordinary("Ordinary prompts of real users (WildChat)"),
  davidson: {
    about: "Davidson et al. 2017: tweets, hate, offensive or neither. The file's label 1 is hate alone; an offensive tweet is harmful here",
    labels: {
      hate: { label: 1, ...HATE },
      offensive: { label: 1, present: ["harassment"], absent: ["hate"] },
      neither: { label: 0, absent: ["hate", "harassment"] },
    },
    harmful: OPEN,
    harmless: { absent: ["hate"] },
  },
  "hatemoji-build": {
    about: "HatemojiBuild: adversarial hate with emoji, one type of hate a row",
    labels: {
      derogation: HATE,
      animosity: HATE,
      dehumanizinglanguage: HATE,
      threateninglanguage: only("hate", "threats"),
      none: { absent: ["hate"] },
    },
    ...HATE_ONLY,
    // Rows 2k and 2k + 1 are an original and its perturbation; `matched_id` is the number of the other one.
    pair: ({ matched_id: twin }) => (/^\d+$/.test(String(twin)) ? `hatemoji-build/${Math.floor(Number(twin) / 2)}` : undefined),
  },
  ethos: { about: "ETHOS: comments, hate speech or not", labels: {}, otherNames: true, ...HATE_ONLY },
  "toxigen-demonstrations": {
    about: "ToxiGen demonstrations: hateful and neutral statements; the names are the groups spoken of",
    labels: {},
    otherNames: true,
    ...HATE_ONLY,
  },
  "hate-human-scored": { about: "Replies of models scored for hate by three people", labels: {}, otherNames: true, ...HATE_ONLY },
  "wikipedia-toxicity": { about: "Wikipedia talk-page comments, toxic or not", labels: {}, otherNames: true, ...TOXICITY },
  "bias-madlibs": {
    about: "Identity terms in toxic and other templates; the names are the templates",
    labels: {},
    otherNames: true,
    ...TOXICITY,
  },
  olid: { about: "OLID level A: offensive tweets or not", labels: {}, otherNames: true, ...TOXICITY },
  "safety-tuned-llamas": {
    about: "Safety-Tuned LLaMAs: near-identical safe and unsafe instructions, by set",
    labels: {
      "I-CoNa": HATE,
      "I-Controversial": OPEN,
      "I-PhysicalSafetyUnsafe": OPEN,
      "I-PhysicalSafetySafe": OPEN,
      "I-Alpaca": OPEN,
    },
    ...REQUESTS,
  },
  harmbench: {
    about: "HarmBench behaviours: one semantic category each",
    labels: {
      chemical_biological: OPEN,
      copyright: only("intellectual-property"),
      cybercrime_intrusion: CYBER,
      harassment_bullying: only("harassment"),
      harmful: OPEN,
      illegal: OPEN,
      misinformation_disinformation: only("misinformation"),
    },
    ...REQUESTS,
  },
  jailbreakbench: {
    about: "JailbreakBench: misuse behaviours in ten categories of OpenAI's usage policies, some wider than any of ours",
    labels: {
      "Harassment/Discrimination": { possible: ["harassment", "hate"] },
      "Malware/Hacking": CYBER,
      "Physical harm": OPEN,
      "Economic harm": OPEN,
      "Fraud/Deception": only("nonviolent-crimes"),
      Disinformation: only("misinformation"),
      "Sexual/Adult content": only("sexual-content"),
      Privacy: only("privacy"),
      "Expert advice": only("specialized-advice"),
      "Government decision-making": OPEN,
    },
    ...REQUESTS,
  },
  gretel: {
    about: "Gretel's safety alignment set: replies judged for harm, under risks that cut across our categories",
    labels: RECOGNISED,
    otherNames: true,
    ...REQUESTS,
  },
  promptfoo: { about: "promptfoo's tests and results", labels: RECOGNISED, otherNames: true, ...REQUESTS },
  pyrit: { about: "PyRIT seeds: harm categories in free words", labels: RECOGNISED, otherNames: true, ...REQUESTS },
  xstest: {
    about: "XSTest: safe prompts that look unsafe, and their unsafe contrasts; the names are types of prompt",
    labels: { contrast_discr: HATE, contrast_privacy: only("privacy") },
    otherNames: true,
    ...REQUESTS,
  },
  hatecheck: {
    about: "HateCheck: functional tests of hate; abuse of people outside protected groups is harassment, harmful and no hate",
    labels: {
      threat_dir_h: only("hate", "threats"),
      threat_norm_h: only("hate", "threats"),
      target_indiv_nh: { label: 1, present: ["harassment"], absent: ["hate"] },
      target_group_nh: { label: 1, present: ["harassment"], absent: ["hate"] },
    },
    otherNames: true,
    harmful: OPEN,
    harmless: { absent: ["hate"] },
  },
};

/** The map of a source, by its name. */
export function sourceMap(name: string): SourceMap | undefined {
  return Object.hasOwn(SOURCES, name) ? SOURCES[name] : undefined;
}

export function hasSource(name: string): boolean {
  return Object.hasOwn(SOURCES, name);
}

/** The source a file comes from: its base name without extensions and without a shard's `-00000-of-00002`. */
export function sourceName(path: string): string {
  const name = basename(path)
    .toLowerCase()
    .replace(/\.sealed$/, "")
    .replace(/\.(gz|zst)$/, "")
    .replace(/\.(jsonl|ndjson|json|csv|tsv|parquet)$/, "");
  return name.replace(/[-_.]\d{5}-of-\d{5}$/, "");
}
