// cordon finetune: an encoder package from labelled examples, fine-tuned with TensorFlow.js.
//   cordon finetune --data runs/examples/examples.jsonl --out runs/encoder
import { rm } from "node:fs/promises";
import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { expandGlobs } from "#datasets/files/globs";
import { sha256Text } from "#datasets/files/hash";
import { writeFileAtomically } from "#datasets/files/write-file";
import { readOrganic } from "#datasets/organic";
import { readRecipe } from "#datasets/recipe";
import { type TrainingCurves, renderTraining } from "#eval/report/training-page";
import { readCheckpointConfig } from "#models/encoder/checkpoint-folder";
import { longestInput } from "#models/encoder/config";
import { CordonError } from "#models/errors";
import type { Manifest } from "#models/manifest";
import { refuseForeignFolder } from "#models/output-folder";
import { loadPackage, saveEncoderPackage } from "#models/package";
import { MANIFEST_FILE } from "#models/package-files";
import { openScorer } from "#models/scorer";
import { SIZES, VECTOR_EPOCHS } from "#train/encoder/defaults";
import type { EncoderStart } from "#train/encoder/encoder-start";
import type { FitProgress } from "#train/encoder/fit-task";
import type { Teacher } from "#train/encoder/teacher";
import { CORDON_VERSION, gitRevision } from "#scripts/about";
import { describePackage } from "#scripts/commands/train";
import { type FinetuneFlags, addFinetuneOptions, finetuneOptions, scratchSize } from "#scripts/finetune-options";
import { onInterrupt } from "#scripts/interrupt";
import { Progress, printResult } from "#scripts/output";
import { type TrainingDataFlags, addTrainingDataOptions, readTrainingData } from "#scripts/training-data";

/** What `cordon finetune` takes. */
export interface FinetuneRun extends FinetuneFlags, TrainingDataFlags {
  recipe?: string;
  backend: "auto" | "tensorflow" | "webgpu" | "wasm";
  teacher?: string;
  fresh?: boolean;
  log?: string;
  report?: string;
  name: string;
  description: string;
  out: string;
  json?: boolean;
}

const HELP = `
Rows and splits are those of \`cordon train\`. With --from, a pretrained BERT or ModernBERT is fine-tuned; without it a small
network is trained from scratch on words, with word vectors of --vectors or learned first. TensorFlow.js computes: tensorflow
(where @tensorflow/tfjs-node-gpu or tfjs-node is installed), webgpu (any GPU, through Dawn), wasm (any CPU); auto takes the first that
is there. Ctrl-C or a kill loses nothing but the steps since the last checkpoint: run it again and it goes on.

Writes to --out: cordon.json, config.json, model.safetensors, tokenizer.json or vocabulary.json, onnx/ (fp32, int8, fp16, strings in),
README.md (model card). Beside it: OUT.training.jsonl (the log), and OUT.partial (the checkpoint) until it is done.

Examples:
  cordon finetune --data runs/examples/examples.jsonl --out runs/encoder
  cordon finetune --data 'data/train/*.jsonl.gz' --from hf:answerdotai/ModernBERT-base --backend webgpu --out runs/modernbert --report runs/modernbert.html
  cordon finetune --data 'data/train/*.jsonl.gz' --vectors glove.6B.100d.txt.gz --size small --epochs 5 --out runs/small
  cordon finetune --data 'data/train/*.jsonl.gz' --teacher runs/modernbert --teacher-weight 0.7 --size small --out runs/distilled`;

export function register(program: Command): void {
  const command = program.command("finetune").description("Fine-tune an encoder package on labelled examples, on a GPU or a CPU.");
  addTrainingDataOptions(command)
    .option("--recipe <name|file>", "recipe whose finetune section sets the options below; flags go before it")
    .addOption(
      new Option("--backend <name>", "what TensorFlow.js computes with").choices(["auto", "tensorflow", "webgpu", "wasm"]).default("auto"),
    );
  addFinetuneOptions(command)
    .option("--teacher <dir>", "package, of any kind, whose probabilities are mixed into the targets (distillation)")
    .option("--fresh", "start anew, whatever checkpoint an earlier run left")
    .option("--log <file>", "JSONL log: losses, learning rates, evaluations; no times (default: OUT.training.jsonl)")
    .option("--report <file>", "also write an HTML report with the curves: one file, no requests")
    .option("--name <text>", "name of the model", "cordon-encoder")
    .option("--description <text>", "one sentence for the model card", "A harmful-content classifier fine-tuned with Cordon.")
    .requiredOption("--out <dir>", "folder of the package; an older package there is replaced")
    .option("--json", "print the manifest as JSON on stdout")
    .addHelpText("after", HELP)
    .action(async (flags: FinetuneRun) => {
      const manifest = await finetuneInto(flags);
      printResult(flags, manifest, describePackage(manifest));
    });
}

/** Fine-tunes and writes a package, with progress on stderr. */
export async function finetuneInto(flags: FinetuneRun): Promise<Manifest> {
  const recipe = flags.recipe === undefined ? undefined : await readRecipe(flags.recipe);
  const section = recipe?.finetune ?? {};
  const wanted = finetuneOptions(section, recipe?.seed, flags);
  const size = scratchSize(section, flags);
  await refuseForeignFolder(flags.out, MANIFEST_FILE);
  const tensorflow = await trainingCode();
  const progress = new Progress();
  const say = (text: string) => progress.note(text);
  const backend = await tensorflow.openBackend(flags.backend);
  say(`back end: ${backend.name}, ${backend.device}`);
  const interrupted = new CordonError("train/interrupted", "stopped", { hint: "run it again: it goes on from its checkpoint" });
  const { signal, stop } = onInterrupt(interrupted, () => say("stopping after this step; again to stop at once"));
  let teacher: Teacher | null = null;
  try {
    teacher = flags.teacher === undefined ? null : await openTeacher(flags.teacher);
    const pretrained = flags.from === undefined ? null : await tensorflow.resolvePretrained(flags.from);
    const maxTokensGiven = (flags.maxTokens ?? section.max_tokens) !== undefined;
    const options =
      pretrained === null || maxTokensGiven
        ? wanted
        : { ...wanted, maxTokens: Math.min(wanted.maxTokens, longestInput(await readCheckpointConfig(pretrained))) };
    const examples = await readTrainingData(flags, section.organic_characters);
    const log = flags.log ?? `${resolve(flags.out)}.training.jsonl`;
    const workFolder = `${resolve(flags.out)}.partial`;
    const words = {
      file: flags.vectors,
      epochs: flags.vectorEpochs ?? section.vector_epochs ?? VECTOR_EPOCHS,
      documents: await documentTexts(flags.vectorText),
      progress: (text: string) => {
        signal.throwIfAborted();
        progress.update(text);
      },
    };
    const start = (texts: readonly string[], labels: readonly string[]): Promise<EncoderStart> =>
      pretrained === null
        ? tensorflow.scratchStart(texts, labels, SIZES[size!], words, options)
        : tensorflow.pretrainedStart(pretrained, labels, { ...options, pooling: flags.pooling ?? section.pooling });
    const { contents, manifest, fit } = await tensorflow.trainEncoder(
      examples,
      options,
      {
        name: flags.name,
        description: flags.description,
        cordonVersion: CORDON_VERSION,
        gitRevision: gitRevision(),
        startedFrom: {
          from: startOf(flags.from),
          size,
          vectors: flags.vectors !== undefined,
          vectorEpochs: words.epochs,
          vectorDocuments: words.documents.length,
        },
      },
      {
        start,
        backend,
        teacher,
        workFolder,
        log,
        fresh: flags.fresh === true,
        hooks: { say, progress: (text) => progress.update(`fine-tuning: ${text}`), fit: fitLine(progress), signal },
      },
    );
    const written = await saveEncoderPackage(flags.out, contents, manifest);
    if (flags.report !== undefined)
      await writeFileAtomically(flags.report, renderTraining(curvesOf(tensorflow.readLog(log), fit.stopped), written));
    await rm(workFolder, { recursive: true, force: true });
    progress.done(`fine-tuned ${written.labels.length} labels in ${fit.steps} steps, package in ${flags.out}, opens ${defaultOf(written)}`);
    return written;
  } finally {
    stop();
    teacher?.scorer.close?.();
    tensorflow.closeBackend();
  }
}

/** For the manifest: no path of this machine. */
function startOf(from: string | undefined): string | null {
  if (from === undefined) return null;
  return from.startsWith("hf:") ? from : "a folder";
}

async function documentTexts(globs: readonly string[] | undefined): Promise<string[]> {
  const texts: string[] = [];
  if (globs !== undefined) for await (const { text } of readOrganic(await expandGlobs(globs))) texts.push(text);
  return texts;
}

/** What needs TensorFlow.js, which is an optional peer. @throws CordonError train/no-backend */
async function trainingCode() {
  try {
    return {
      ...(await import("#train/tensor/backend")),
      ...(await import("#train/encoder/encoder-start")),
      ...(await import("#train/encoder/pretrained")),
      ...(await import("#train/encoder/train-encoder")),
      ...(await import("#train/encoder/training-log")),
    };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code !== "MODULE_NOT_FOUND" && code !== "ERR_MODULE_NOT_FOUND") throw cause;
    throw new CordonError("train/no-backend", "TensorFlow.js is not installed", {
      hint: "npm install @tensorflow/tfjs @tensorflow/tfjs-backend-wasm, and for a GPU @tensorflow/tfjs-backend-webgpu webgpu",
      cause,
    });
  }
}

async function openTeacher(dir: string): Promise<Teacher> {
  const { manifest, model } = await loadPackage(dir);
  return { scorer: await openScorer(model), id: `${manifest.name} ${sha256Text(JSON.stringify(manifest.files))}` };
}

/** The progress line: loss, speed, time left. */
function fitLine(progress: Progress): (at: FitProgress) => void {
  let first: { at: FitProgress; time: number } | undefined;
  return (at) => {
    // Speed is counted from the end of the first step on: it compiles kernels.
    first ??= { at, time: performance.now() };
    const { step, steps, epoch, loss, best } = at;
    const seconds = (performance.now() - first.time) / 1000;
    if (step === first.at.step) return;
    const speed = (what: "windows" | "tokens") => rate((at[what] - first!.at[what]) / seconds);
    const left = (seconds / (step - first.at.step)) * (steps - step);
    const calibration = best === null ? "" : `, calibration ${best.loss.toFixed(3)}`;
    progress.update(
      `epoch ${epoch}, step ${step} of ${steps}, loss ${loss.toFixed(3)}${calibration}, ${speed("windows")} examples/s, ${speed("tokens")} tokens/s, ${duration(left)} left`,
    );
  };
}

function rate(perSecond: number): string {
  return perSecond >= 10_000 ? `${(perSecond / 1000).toFixed(0)}k` : perSecond.toFixed(perSecond < 10 ? 1 : 0);
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

function curvesOf(
  log: ReturnType<typeof import("#train/encoder/training-log").readLog>,
  stopped: TrainingCurves["stopped"],
): TrainingCurves {
  const curves: TrainingCurves = { device: "", steps: [], evaluations: [], outOfMemory: [], stopped };
  for (const entry of log) {
    if (entry.kind === "start") curves.device = entry.device;
    else if (entry.kind === "step") curves.steps.push(entry);
    else if (entry.kind === "out-of-memory") curves.outOfMemory.push(entry);
    else if (entry.kind === "evaluation") {
      const { step, epoch, calibrationLoss, calibrationAuroc, best } = entry;
      curves.evaluations.push({ step, epoch, loss: calibrationLoss, auroc: calibrationAuroc, best });
    }
  }
  return curves;
}

function defaultOf({ architecture }: Manifest): string {
  return architecture.kind === "encoder" ? architecture.default : "";
}
