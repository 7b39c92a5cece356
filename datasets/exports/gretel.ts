// The columns of Gretel's safety alignment set (datasets/seeds/gretel.ts), JSON lines. What Cordon does not know (persona,
// tactic, the judge's score) is null. The probabilities of harm are the labels.
import type { CategoryId } from "#models/taxonomy";
import type { ExportFormat } from "./format.ts";
import { safeAndHarmful, singleRequest } from "./pairs.ts";

/** Its five risks, each wider than a category; the category stands in sub_category. */
const RISKS: Readonly<Partial<Record<CategoryId, string>>> = {
  hate: "Discrimination",
  harassment: "Discrimination",
  privacy: "Information Hazards",
  defamation: "Information Hazards",
  "intellectual-property": "Information Hazards",
  misinformation: "Societal Risks",
  "specialized-advice": "Societal Risks",
  "self-harm": "Societal Risks",
  jailbreak: "System Risks",
};

export const GRETEL: ExportFormat = {
  name: "gretel",
  describe: "Gretel's safety alignment set: a request, a harmful reply and a safe one",
  extensions: [".jsonl"],
  harmful: "needed",
  async *write(rows, context) {
    for await (const { id, prompt, safe, harmful } of safeAndHarmful(rows, context)) {
      const request = singleRequest(prompt, context.tally);
      if (request === undefined) continue;
      context.tally.wrote(2);
      const category = harmful.row.categories[0];
      const row = {
        id,
        persona: null,
        risk_category: (category && RISKS[category]) ?? "Malicious Use",
        sub_category: category ?? null,
        tactic: null,
        prompt: request,
        response: harmful.text,
        safe_response: safe.text,
        judge_response_score: null,
        judge_safe_response_score: null,
        response_probability_of_harm: 1,
        safe_response_probability_of_harm: 0,
      };
      yield `${JSON.stringify(row)}\n`;
    }
  },
};
