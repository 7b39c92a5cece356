// cordon run ablation: does synthetic data help? One classifier an arm (ablation-arms.ts), all of the same features and
// options, measured on sets that none was trained on, and on the stand-in hazard.
//
// DATA holds train/*.jsonl.gz and dev/*.jsonl.gz ({id, text, label, labels?}), mmlu/ and corpus/ (standin-documents.ts).
import { join } from "node:path";
import { readOrganic } from "#datasets/organic";
import { readRecipe } from "#datasets/recipe";
import type { Example } from "#datasets/example";
import { collect } from "#datasets/files/collect";
import { readExamples } from "#datasets/files/read-examples";
import { expandGlobs } from "#datasets/files/globs";
import { writeFileAtomically } from "#datasets/files/write-file";
import { generateInto } from "#datasets/generate/generate";
import { labelledFiles } from "#datasets/labelled-files";
import { resolveSeed } from "#datasets/seeds/resolve";
import { transformExamples } from "#datasets/transforms/twins";
import { groupsNamed, subgroups } from "#eval/bias/subgroups";
import { readIdentities } from "#eval/bias/identity-terms";
import { evaluateSet } from "#eval/evaluate";
import { thresholdFlagging } from "#eval/metrics/threshold";
import { type AblationResult, type ArmResult, renderAblation } from "#eval/report/ablation-page";
import { metric } from "#eval/report/numbers";
import { aggregated } from "#eval/score-examples";
import { setNames } from "#eval/set-name";
import { CordonError } from "#models/errors";
import { NgramScorer } from "#models/ngram/scorer";
import { trainNgram } from "#train/train-ngram";
import { CORDON_VERSION, gitRevision } from "#scripts/about";
import { Progress, table } from "#scripts/output";
import { type Arm, guardrailArms, standinArms } from "#scripts/runs/ablation-arms";
import { corpusFiles, scoreTestDocuments, trainingDocuments } from "#scripts/runs/standin-documents";
import { trainOptions } from "#scripts/train-options";

/** The recipes that are taken apart. */
const GUARDRAIL = "guardrail";
const FILTER = "filter-standin";
/** The set of ordinary requests that a threshold is to leave alone, and how much of it that may flag. */
const BENIGN_SET = "instructions-harmless";
const BENIGN_SHARE = 0.01;
/** The set of identity terms in templates. */
const IDENTITY_SET = "bias-madlibs";
/** Sets of which copies are measured too, a harmful and a harmless row under each disguise. */
const DISGUISED_SETS = ["wikipedia-toxicity", "safety-tuned-llamas"];
const DISGUISE = { transforms: ["typo", "unicode"], share: 1, layers: 1, min_characters: 2, max_characters: 20000, seed: 7 };
const RESAMPLES = 200;

/** @throws CordonError */
export async function runAblation({ data, out }: { data: string; out: string }): Promise<{ result: AblationResult; text: string }> {
  // What can be refused is refused before the long part.
  const corpus = await corpusFiles(data);
  const dev = await labelledFiles([join(data, "dev/*.jsonl.gz")]);
  await expandGlobs([join(data, "train/*.jsonl.gz")]);
  await resolveSeed(join(data, "mmlu"), { extensions: [".csv"] });
  if (!setNames(dev.map((file) => file.path)).includes(BENIGN_SET)) {
    throw new CordonError("usage/missing-file", `there is no ${BENIGN_SET}.jsonl.gz, the requests that a threshold is to leave alone`, {
      where: join(data, "dev"),
    });
  }
  const result: AblationResult = {
    format: 1,
    cordonVersion: CORDON_VERSION,
    gitRevision: gitRevision(),
    guardrail: await guardrail(data, out, corpus, dev),
    standin: await standin(data, out, corpus),
  };
  const paths = { json: join(out, "ablation.json"), html: join(out, "ablation.html") };
  await writeFileAtomically(paths.json, `${JSON.stringify(result, null, 2)}\n`);
  await writeFileAtomically(paths.html, renderAblation(result));
  return { result, text: `${describe(result)}\n\nfigures with intervals in ${paths.json}, report in ${paths.html}` };
}

type LabelledFile = Awaited<ReturnType<typeof labelledFiles>>[number];

async function guardrail(data: string, out: string, corpus: readonly string[], dev: readonly LabelledFile[]): Promise<ArmResult[]> {
  const recipe = await readRecipe(GUARDRAIL);
  const synthetic = await generated(join(out, "guardrail-examples"), GUARDRAIL, {});
  const organic = await collect(readOrganic(corpus, { characters: recipe.train.organic_characters }));
  const names = setNames(dev.map((file) => file.path));
  const sets = new Map<string, Example[]>();
  for (const [i, file] of dev.entries()) sets.set(names[i]!, await collect(file.read()));
  for (const name of DISGUISED_SETS) {
    const rows = sets.get(name);
    if (rows !== undefined) sets.set(`${name}, disguised`, await collect(transformExamples(rows, DISGUISE)));
  }
  const identities = await readIdentities();
  const named = groupsNamed(
    (sets.get(IDENTITY_SET) ?? []).map((row) => row.text),
    identities,
  );

  const results: ArmResult[] = [];
  for (const arm of await guardrailArms(data, synthetic, organic)) {
    const score = await trained(arm, GUARDRAIL);
    const scored = new Map([...sets].map(([name, rows]) => [name, rows.map((row) => ({ score: score(row.text), label: row.label }))]));
    const benign = scored.get(BENIGN_SET)!.map((row) => row.score);
    const threshold = thresholdFlagging(benign, BENIGN_SHARE);
    const reference = { name: BENIGN_SET, share: BENIGN_SHARE, threshold };
    const identity = scored.get(IDENTITY_SET)?.map((row, i) => ({ ...row, groups: named[i]! }));
    const found = identity && subgroups(identity, identities, threshold, { resamples: 0 });
    results.push({
      ...counted(arm),
      sets: Object.fromEntries(
        [...scored].map(([name, rows]) => [name, evaluateSet(rows, { threshold, reference, resamples: RESAMPLES, seed: 1 })]),
      ),
      ...(found && { subgroups: { mean_subgroup_auc: found.mean_subgroup_auc, worst_below_mean: found.worst_below_mean } }),
    });
  }
  return results;
}

async function standin(data: string, out: string, corpus: readonly string[]): Promise<ArmResult[]> {
  const synthetic = await generated(join(out, "standin-examples"), FILTER, { mmlu: join(data, "mmlu") });
  const organic = await collect(trainingDocuments(corpus));
  const results: ArmResult[] = [];
  for (const arm of standinArms(synthetic, organic)) {
    const rows = await scoreTestDocuments(corpus, await trained(arm, FILTER));
    results.push({ ...counted(arm), sets: { microbiology: evaluateSet(rows, { resamples: RESAMPLES, seed: 1 }) } });
  }
  return results;
}

async function generated(dir: string, recipeName: string, seeds: Record<string, string>): Promise<Example[]> {
  const progress = new Progress();
  const about = { seeds, cordonVersion: CORDON_VERSION, gitRevision: gitRevision() };
  const { manifest, examples } = await generateInto(dir, await readRecipe(recipeName), about);
  progress.done(`${manifest.rows} examples of recipe ${recipeName}`);
  return collect(readExamples(examples));
}

/** Trains an arm's classifier, of the label harmful alone; gives its score of a text. */
async function trained(arm: Arm, recipeName: string): Promise<(text: string) => number> {
  const recipe = await readRecipe(recipeName);
  const progress = new Progress();
  const about = { name: `ablation-${arm.name}`, description: arm.what, cordonVersion: CORDON_VERSION, gitRevision: gitRevision() };
  const options = trainOptions(recipe.train, recipe.seed, { labels: "harmful" });
  const { model, manifest } = await trainNgram(arm.examples, options, about, (text) => progress.update(`(${arm.name}) ${text}`));
  progress.done(`(${arm.name}) trained on ${arm.examples.length} examples`);
  const scorer = new NgramScorer(model);
  return (text) => aggregated(scorer.scoreText(text), manifest.aggregate, 0);
}

function counted({ name, what, examples }: Arm): Omit<ArmResult, "sets"> {
  return { name, what, examples: examples.length, harmful: examples.filter((row) => row.label === 1).length };
}

function describe({ guardrail: arms, standin: documents }: AblationResult): string {
  const sets = Object.keys(arms[0]!.sets).filter((name) => arms[0]!.sets[name]!.auroc !== null);
  const recall = Object.keys(arms[0]!.sets).filter((name) => name !== BENIGN_SET && !sets.includes(name));
  const posts = table(
    ["AUROC", "rows", ...sets, "worst group", ...recall.map((name) => `recall ${name}`)],
    arms.map((arm) => [
      `(${arm.name}) ${arm.what}`,
      String(arm.examples),
      ...sets.map((name) => metric(arm.sets[name]!.auroc)),
      metric(arm.subgroups?.worst_below_mean),
      ...recall.map((name) => metric(arm.sets[name]!.recall)),
    ]),
  );
  const found = table(
    ["stand-in", "rows", "AUROC", "AP", "P@R 98 %"],
    documents.map((arm) => {
      const set = arm.sets["microbiology"]!;
      return [
        `(${arm.name}) ${arm.what}`,
        String(arm.examples),
        ...[set.auroc, set.average_precision, set.precision_at_recall["0.98"]].map(metric),
      ];
    }),
  );
  return `${posts}\n\nrecall at the threshold that flags 1 % of ${BENIGN_SET}; worst group: the lowest subgroup AUC of ${IDENTITY_SET} less their mean\n\n${found}`;
}
