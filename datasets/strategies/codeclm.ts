// CodecLM (arXiv 2404.05875): a seed is encoded into {useCase, skills}, a text is decoded anew, and the model's own rubric makes
// it harder. Its contrastive filter is the gate of that name, where the classifier and the judge disagree.
import type { Candidate } from "#datasets/candidate";
import { Random } from "#models/random";
import { ask, runUnits, type Unit } from "./asking.ts";
import type { StrategyContext } from "./context.ts";
import { drawAxes, readAxes } from "./prompts/axes.ts";
import { decodePrompt, encodePrompt, harderPrompt, rubricPrompt } from "./prompts/codeclm.ts";
import { type Aim, rowOf, step } from "./row.ts";
import { generatorOf, type StrategyOf } from "./sections.ts";
import { textsOf } from "./texts.ts";

export async function* codeclmCandidates(section: StrategyOf<"codeclm">, context: StrategyContext): AsyncGenerator<Candidate> {
  const axes = await readAxes();
  async function* units(): AsyncGenerator<Unit> {
    for await (const seedText of textsOf("codeclm", section.texts, context)) {
      const generator = generatorOf(section, seedText.label)!;
      const { text: seed, twin: _, ...labelled } = seedText;
      for (let variant = 0; variant < section.per_text; variant++) {
        const random = new Random(context.seed, `codeclm/${seedText.seedIds.join()}/${seedText.label}/${variant}`);
        const drawn = drawAxes(axes, ["persona", "medium", "register", "locale"], random);
        const aim = (name: string): Aim => ({
          ...labelled,
          name,
          license: section.license!,
          seed: context.seed,
          params: { ...drawn, generator, variant },
        });
        const aims = [aim("codeclm/decode"), aim("codeclm/harder")] as const;
        yield async () => {
          const encoded = await ask(context, generator, encodePrompt(seed, seedText), aims);
          if (encoded.state === "missed") return encoded.failed;
          const decoded = await ask(context, generator, decodePrompt(encoded.value, seedText, drawn), aims, variant);
          if (decoded.state === "missed") return decoded.failed;
          const { text } = decoded.value;
          const first = rowOf(aims[0], { text, asked: decoded.asked, before: [step(encoded.asked)] });
          const rubric = await ask(context, generator, rubricPrompt(text, encoded.value, seedText), [aims[1]]);
          if (rubric.state === "missed") return [first, ...rubric.failed];
          const harder = await ask(context, generator, harderPrompt(text, rubric.value, seedText, drawn.words), [aims[1]]);
          if (harder.state === "missed") return [first, ...harder.failed];
          const before = [...first.row.lineage!.ops, step(rubric.asked)];
          return [first, rowOf({ ...aims[1], parents: [first.row.id] }, { text: harder.value.text, asked: harder.asked, before })];
        };
      }
    }
  }
  yield* runUnits(units(), context);
}
