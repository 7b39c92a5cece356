// HarmBench behaviours (arXiv 2402.04249), CSV: Behavior, FunctionalCategory, SemanticCategory, Tags, ContextString, BehaviorID.
import { exampleSchema, type Example } from "#datasets/example";
import { mapLabels } from "#datasets/sources/map-labels";
import { readRows } from "./rows.ts";
import { optionalColumn, textColumn } from "./text-row.ts";

const SET = "a HarmBench file";

/** Behaviours as harmful examples; one with a context follows it, as HarmBench prompts it. */
export async function* readHarmBench(path: string): AsyncGenerator<Example> {
  for await (const row of readRows(path)) {
    const behavior = textColumn(row, "Behavior", SET);
    const context = optionalColumn(row, "ContextString");
    const category = optionalColumn(row, "SemanticCategory");
    yield exampleSchema.parse({
      id: `harmbench:${textColumn(row, "BehaviorID", SET)}`,
      text: context === undefined ? behavior : `${context}\n\n---\n\n${behavior}`,
      source: "harmbench",
      license: "MIT",
      ...mapLabels("harmbench", { label: 1, labels: category === undefined ? [] : [category] }),
    });
  }
}
