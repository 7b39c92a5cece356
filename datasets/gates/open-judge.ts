// Makes the judge of a recipe ready: a language model that votes, or a model package.
import { type Chapter, readConstitution } from "#datasets/constitution";
import type { Asker } from "#datasets/generators/asker";
import { loadClassifier } from "./classifier.ts";
import type { JudgeConfig } from "./config.ts";
import type { Judge } from "./judge.ts";
import { LlmJudge } from "./llm-judge.ts";
import { ModelJudge } from "./model-judge.ts";

/**
 * @param context the recipe's seed, and the asker of its generators, of which a model package needs none
 * @throws CordonError usage/missing-file, model/*
 */
export async function openJudge(config: JudgeConfig, { asker, seed }: { asker?: Asker | undefined; seed: number }): Promise<Judge> {
  const { generator, model, votes, min_agreement: minAgreement, definition, margin } = config;
  if (model !== undefined) return new ModelJudge(await loadClassifier(model), margin);
  if (asker === undefined) throw new Error("openJudge: requires an asker where the judge is a generator, got none");
  const chapters = definition === undefined ? await readConstitution() : [];
  const byTopic = new Map<string, Chapter>(chapters.map((chapter) => [chapter.category, chapter]));
  return new LlmJudge(asker, byTopic, { generator: generator!, votes, minAgreement, definition, seed });
}
