// cordon run cascade: the guardrail's n-gram model, an encoder from scratch on the same examples, and the two as a cascade.
import { join } from "node:path";
import { readRecipe } from "#datasets/recipe";
import { cascadeInto } from "#scripts/commands/cascade";
import { type FinetuneRun, finetuneInto } from "#scripts/commands/finetune";
import { runGuardrail } from "#scripts/runs/guardrail";

export interface CascadeRecipe extends Pick<FinetuneRun, "backend" | "vectors"> {
  data: readonly string[];
  organic: readonly string[];
  out: string;
  /** Share of the texts that may go to the encoder, 0 to 1. */
  escalate: number;
  /** Texts of which that is a share; default: the calibration rows. */
  traffic?: string[];
}

/** Writes OUT/model (n-grams), OUT/encoder and OUT/cascade. */
export async function runCascade(run: CascadeRecipe): Promise<{ result: object; text: string }> {
  const { data, organic, out, escalate, traffic, backend, vectors } = run;
  await runGuardrail({ data, organic, out });
  const recipe = await readRecipe("guardrail");
  const rows = {
    data: [join(out, "examples", "examples.jsonl"), ...data],
    ...(organic.length > 0 && { organic: [...organic] }),
    ...(recipe.train.organic_characters !== undefined && { organicCharacters: recipe.train.organic_characters }),
  };
  await finetuneInto({
    ...rows,
    backend,
    ...(vectors === undefined ? organic.length > 0 && { vectorText: [...organic] } : { vectors }),
    recipe: "guardrail",
    name: "cordon-guardrail-encoder",
    description: "Harmful requests and posts by category: a small encoder from scratch, the second stage of a guardrail.",
    out: join(out, "encoder"),
    report: join(out, "encoder.html"),
  });
  const { result, text } = await cascadeInto({
    ...rows,
    first: join(out, "model"),
    second: join(out, "encoder"),
    escalate,
    ...(traffic && { traffic }),
    ...(recipe.train.threshold_rule !== undefined && { thresholdRule: recipe.train.threshold_rule }),
    name: "cordon-guardrail-cascade",
    description: "Harmful requests and posts by category, for a guardrail: n-grams, and an encoder for what they are unsure of.",
    out: join(out, "cascade"),
    report: join(out, "cascade.html"),
  });
  const next = `next: npx cordon eval --model ${join(out, "cascade")} --data GLOB --escalation-curve\n      npx cordon serve --model ${join(out, "cascade")} --port 8787`;
  return { result, text: `${text}\n\n${next}` };
}
