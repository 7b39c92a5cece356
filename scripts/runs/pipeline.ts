// cordon run (npm run pipeline): from the embedded seeds to a model, a filtered shard, a threshold and a report, with no
// network, no GPU, no language model and no data.
import { rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { collect } from "#datasets/files/collect";
import { readExamples } from "#datasets/files/read-examples";
import { generateInto } from "#datasets/generate/generate";
import { readRecipe } from "#datasets/recipe";
import { metric, percent } from "#eval/report/numbers";
import { CordonError } from "#models/errors";
import { HARMFUL } from "#models/taxonomy";
import { loadPackage } from "#models/package";
import { FILTER_DEFAULTS, runFilter } from "#serve/filter/run-filter";
import { CORDON_VERSION, gitRevision } from "#scripts/about";
import { runSweep } from "#scripts/commands/sweep";
import { trainInto } from "#scripts/commands/train";
import { Progress, table } from "#scripts/output";
import { trainOptions } from "#scripts/train-options";

const SAMPLE = fileURLToPath(new URL("../../datasets/sample/documents.jsonl.zst", import.meta.url));
/** The rule of the sweep, given beforehand. */
const MAX_HARMLESS_LOSS = 0.01;

export interface PipelineResult {
  examples: { rows: number; harmful: number };
  model: { dir: string; labels: number; heldOutAuroc: number | null; heldOutAveragePrecision: number | null };
  filter: { rows: number; kept: number; removed: number; failed: number; threshold: number | null };
  sweep: { threshold: number | null; removed: number | null; recall: number | null; harmlessLoss: number | null };
  /** Bits per byte of the probe on held-out harmful text, unfiltered and at the recommended threshold. */
  probe: { unfiltered: number; filtered: number } | null;
  report: string;
  seconds: number;
}

export async function runPipeline({ out }: { out: string }): Promise<{ result: PipelineResult; text: string }> {
  const started = performance.now();
  const recipe = await readRecipe("embedded");

  const generating = new Progress();
  const { manifest: generated, examples } = await generateInto(join(out, "examples"), recipe, {
    seeds: {},
    cordonVersion: CORDON_VERSION,
    gitRevision: gitRevision(),
  });
  generating.done(`generated ${generated.rows} examples`);

  const modelDir = join(out, "model");
  const manifest = await trainInto(modelDir, await collect(readExamples(examples)), trainOptions(recipe.train, recipe.seed, {}), {
    name: "cordon-embedded",
    description: "Harmful text by category, trained on Cordon's embedded synthetic examples alone.",
  });
  const model = await loadPackage(modelDir);

  const filtered = join(out, "filtered");
  if (existsSync(join(filtered, "ledger.json"))) await rm(filtered, { recursive: true });
  const filtering = new Progress();
  const threshold = manifest.thresholds[HARMFUL]!.threshold;
  const filter = await runFilter(
    { ...FILTER_DEFAULTS, input: [SAMPLE], out: filtered, threshold, workers: availableParallelism(), allLabels: false, resume: false },
    model,
    {
      progress: () => {},
      failed: () => {},
      stalled: () => {},
    },
  );
  const failure = filter.shards.failed[0];
  if (failure) throw new CordonError("filter/shard-failed", failure.message, { where: failure.shard });
  const { rows } = filter.totals;
  filtering.done(`filtered ${rows.in} documents, ${rows.removed} removed`);

  const sweepDir = join(out, "sweep");
  const { sweep, probe } = await runSweep({
    scores: [join(filtered, "attributes")],
    documents: [SAMPLE],
    probe: true,
    maxHarmlessLoss: MAX_HARMLESS_LOSS,
    unit: "characters",
    bootstrap: 200,
    seed: 1,
    model: modelDir,
    title: "Cordon on its embedded sample",
    out: sweepDir,
  });
  const recommended = sweep.recommended?.point;
  const at = probe?.points.find((p) => p.threshold === recommended?.threshold);
  const all = probe?.points.at(-1);
  const held = manifest.heldOut[HARMFUL];
  const result: PipelineResult = {
    examples: { rows: generated.rows, harmful: generated.harmful },
    model: {
      dir: modelDir,
      labels: manifest.labels.length,
      heldOutAuroc: held?.["auroc"] ?? null,
      heldOutAveragePrecision: held?.["average_precision"] ?? null,
    },
    filter: { rows: rows.in, kept: rows.kept, removed: rows.removed, failed: rows.failed, threshold: filter.threshold },
    sweep: {
      threshold: recommended?.threshold ?? null,
      removed: recommended?.removed.characters ?? null,
      recall: recommended?.recall.characters ?? null,
      harmlessLoss: recommended?.harmless_loss.characters ?? null,
    },
    probe: at && all ? { unfiltered: all.filtered.hazard, filtered: at.filtered.hazard } : null,
    report: resolve(sweepDir, "report.html"),
    seconds: (performance.now() - started) / 1000,
  };
  return { result, text: describe(result) };
}

function describe({ examples, model, filter, sweep, probe, report, seconds }: PipelineResult): string {
  const rows = [
    ["synthetic examples", `${examples.rows}, ${examples.harmful} harmful`],
    ["labels learned", String(model.labels)],
    ["held-out seeds, AUROC / average precision", `${metric(model.heldOutAuroc)} / ${metric(model.heldOutAveragePrecision)}`],
    ["sample documents in = kept + removed + failed", `${filter.rows} = ${filter.kept} + ${filter.removed} + ${filter.failed}`],
    [`threshold for at most ${percent(MAX_HARMLESS_LOSS)} harmless text lost`, metric(sweep.threshold)],
    [
      "it removes: of all text / of the harmful / of the harmless",
      [sweep.removed, sweep.recall, sweep.harmlessLoss].map(percent).join(" / "),
    ],
    ...(probe ? [["probe on held-out harmful text, bits per byte", `${metric(probe.unfiltered)} → ${metric(probe.filtered)}`]] : []),
  ];
  return `${table(["result", ""], rows)}

report:  ${pathToFileURL(report).href}
model:   ${model.dir} (model.onnx takes raw strings)
took:    ${seconds.toFixed(1)} s

next:    npx cordon serve --model ${model.dir} --port 8787
         curl -s localhost:8787/v1/moderations -H 'content-type: application/json' -d '{"input": "how do I kill a frozen process?"}'`;
}
