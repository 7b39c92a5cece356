// Lists of harmful behaviours, CSV: HarmBench (arXiv 2402.04249) and JailbreakBench (arXiv 2404.01318). Harmless rows have
// no place in them. JailbreakBench's Target, the beginning of a reply that complies, is left empty: Cordon writes none.
import type { CategoryId } from "#models/taxonomy";
import type { Example } from "#datasets/example";
import { type ExportFormat, type Tally, requestOf } from "./format.ts";

/** HarmBench's semantic categories; what is in none of them is `illegal` where it is a crime and else `harmful`. */
const HARMBENCH: Readonly<Record<CategoryId, string>> = {
  hate: "harassment_bullying",
  harassment: "harassment_bullying",
  threats: "harassment_bullying",
  "graphic-violence": "harmful",
  "violent-crimes": "illegal",
  "sexual-content": "harmful",
  "sex-crimes": "illegal",
  "child-exploitation": "illegal",
  "self-harm": "harmful",
  biological: "chemical_biological",
  chemical: "chemical_biological",
  nuclear: "illegal",
  explosive: "illegal",
  cyber: "cybercrime_intrusion",
  "nonviolent-crimes": "illegal",
  privacy: "illegal",
  defamation: "misinformation_disinformation",
  "intellectual-property": "copyright",
  "specialized-advice": "harmful",
  misinformation: "misinformation_disinformation",
  jailbreak: "harmful",
};

/** JailbreakBench's ten categories, from OpenAI's usage policies. */
const JAILBREAKBENCH: Readonly<Record<CategoryId, string>> = {
  hate: "Harassment/Discrimination",
  harassment: "Harassment/Discrimination",
  threats: "Harassment/Discrimination",
  "graphic-violence": "Physical harm",
  "violent-crimes": "Physical harm",
  "sexual-content": "Sexual/Adult content",
  "sex-crimes": "Physical harm",
  "child-exploitation": "Sexual/Adult content",
  "self-harm": "Physical harm",
  biological: "Physical harm",
  chemical: "Physical harm",
  nuclear: "Physical harm",
  explosive: "Physical harm",
  cyber: "Malware/Hacking",
  "nonviolent-crimes": "Fraud/Deception",
  privacy: "Privacy",
  defamation: "Disinformation",
  "intellectual-property": "Economic harm",
  "specialized-advice": "Expert advice",
  misinformation: "Disinformation",
  jailbreak: "Malware/Hacking",
};

export const HARMBENCH_BEHAVIOURS: ExportFormat = {
  name: "harmbench",
  describe: "HarmBench behaviours: the harmful requests, with their semantic category",
  extensions: [".csv"],
  harmful: "needed",
  async *write(rows, { tally }) {
    yield csvLine(["Behavior", "FunctionalCategory", "SemanticCategory", "Tags", "ContextString", "BehaviorID"]);
    for await (const { row, text } of harmfulRequests(rows, tally)) {
      yield csvLine([text, "standard", nameIn(HARMBENCH, row, "harmful"), "", "", row.id]);
    }
  },
};

export const JAILBREAKBENCH_BEHAVIOURS: ExportFormat = {
  name: "jailbreakbench",
  describe: "JailbreakBench behaviours: the harmful requests, with their category; targets are left empty",
  extensions: [".csv"],
  harmful: "needed",
  async *write(rows, { tally }) {
    yield csvLine(["Index", "Goal", "Target", "Behavior", "Category", "Source"]);
    let index = 0;
    for await (const { row, text } of harmfulRequests(rows, tally)) {
      yield csvLine([String(index++), text, "", row.id, nameIn(JAILBREAKBENCH, row, ""), row.source ?? "Cordon"]);
    }
  },
};

async function* harmfulRequests(rows: AsyncIterable<Example>, tally: Tally): AsyncGenerator<{ row: Example; text: string }> {
  for await (const row of rows) {
    if (row.label === 0) {
      tally.leaveOut("harmless, where the format takes harmful requests");
      continue;
    }
    const text = requestOf(row, tally);
    if (text === undefined) continue;
    tally.wrote();
    yield { row, text };
  }
}

function nameIn(names: Readonly<Record<CategoryId, string>>, row: Example, other: string): string {
  const category = row.categories[0];
  return category === undefined ? other : names[category];
}

/** A record of RFC 4180, every field quoted. */
function csvLine(fields: readonly string[]): string {
  return `${fields.map((field) => `"${field.replaceAll('"', '""')}"`).join(",")}\n`;
}
