// Generate → critique → refine (Self-Refine, arXiv 2303.17651; Constitutional AI, arXiv 2212.08073): only the last text
// becomes a row.
import type { Candidate } from "#datasets/candidate";
import { ask } from "./asking.ts";
import type { StrategyContext } from "./context.ts";
import { critiquePrompt, draftPrompt, refinePrompt } from "./prompts/passages.ts";
import { rowOf, step } from "./row.ts";
import type { StrategyOf } from "./sections.ts";
import { situationPassages } from "./situation-passages.ts";

export async function* refineCandidates(section: StrategyOf<"refine">, context: StrategyContext): AsyncGenerator<Candidate> {
  const options = {
    name: "refine",
    chapters: section.chapters,
    number: section.passages,
    axes: ["persona", "medium", "register", "locale", "moment"] as const,
  };
  yield* situationPassages(section, options, context, async ({ field, label, situation, drawn, generator, variant, aim }) => {
    const draft = await ask(context, generator, draftPrompt(field, label, situation, drawn), [aim], variant);
    if (draft.state === "missed") return draft.failed;
    const critique = await ask(context, generator, critiquePrompt(field, label, draft.value.text), [aim], variant);
    if (critique.state === "missed") return critique.failed;
    const prompt = refinePrompt(field, label, draft.value.text, critique.value.faults, drawn);
    const refined = await ask(context, generator, prompt, [aim], variant);
    if (refined.state === "missed") return refined.failed;
    return [rowOf(aim, { text: refined.value.text, asked: refined.asked, before: [step(draft.asked), step(critique.asked)] })];
  });
}
