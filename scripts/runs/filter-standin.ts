// cordon run filter-standin: the filter measured on a harmless stand-in for a hazard, microbiology. Trained on MMLU
// questions, a written description of the domain and unlabelled text; measured on documents that are used for nothing else.
//
// DATA holds mmlu/{dev,val,test}/*.csv and corpus/ (standin-documents.ts).
import { join } from "node:path";
import { writeFileAtomically } from "#datasets/files/write-file";
import { collect } from "#datasets/files/collect";
import { readExamples } from "#datasets/files/read-examples";
import { generateInto } from "#datasets/generate/generate";
import { readRecipe } from "#datasets/recipe";
import { type Evaluation, evaluateSet } from "#eval/evaluate";
import { RESAMPLES } from "#eval/metrics/bootstrap";
import { metric } from "#eval/report/numbers";
import { aggregated } from "#eval/score-examples";
import type { Example } from "#datasets/example";
import { HARMFUL } from "#models/taxonomy";
import { loadPackage } from "#models/package";
import { openScorer } from "#models/scorer";
import { CORDON_VERSION, gitRevision } from "#scripts/about";
import { trainInto } from "#scripts/commands/train";
import { Progress, table } from "#scripts/output";
import { corpusFiles, scoreTestDocuments, trainingDocuments } from "#scripts/runs/standin-documents";
import { trainOptions } from "#scripts/train-options";

const SET = "microbiology";

export async function runFilterStandin({ data, out }: { data: string; out: string }): Promise<{ evaluation: Evaluation; text: string }> {
  const corpus = await corpusFiles(data);
  const recipe = await readRecipe("filter-standin");
  const progress = new Progress();
  const seeds = { mmlu: join(data, "mmlu") };
  const generated = await generateInto(join(out, "examples"), recipe, {
    seeds,
    cordonVersion: CORDON_VERSION,
    gitRevision: gitRevision(),
  });
  const examples: Example[] = await collect(readExamples(generated.examples));
  progress.done(`${examples.length} examples from questions and description`);

  for await (const example of trainingDocuments(corpus)) examples.push(example);
  const model = join(out, "model");
  await trainInto(model, examples, trainOptions(recipe.train, recipe.seed, {}), {
    name: "cordon-microbiology",
    description: "Documents of microbiology, the harmless stand-in for a hazard, against everything else.",
  });

  const measuring = new Progress();
  const { manifest, model: loaded } = await loadPackage(model);
  const scorer = await openScorer(loaded);
  const rows = await scoreTestDocuments(corpus, (text) => aggregated(scorer.scoreText(text), manifest.aggregate, 0));
  const set = evaluateSet(rows, { threshold: manifest.thresholds[HARMFUL]!.threshold, resamples: RESAMPLES, seed: 1 });
  measuring.done(`measured on ${rows.length} documents`);
  const evaluation: Evaluation = { model, label: HARMFUL, aggregate: manifest.aggregate, sets: { [SET]: set } };
  await writeFileAtomically(join(out, "eval.json"), `${JSON.stringify(evaluation, null, 2)}\n`);

  const text = table(
    ["documents", "to find", "AUROC", "AP", "P@R 98 %", "P@R 95 %", "P@R 90 %"],
    [
      [
        String(set.n),
        String(set.positives),
        ...[
          set.auroc,
          set.average_precision,
          set.precision_at_recall["0.98"],
          set.precision_at_recall["0.95"],
          set.precision_at_recall["0.9"],
        ].map(metric),
      ],
    ],
  );
  return { evaluation, text: `${text}\n\nmodel in ${model}, figures with intervals in ${join(out, "eval.json")}` };
}
