// Fine-tunes an encoder: examples → splits → a start (checkpoint or from scratch) → windows and targets → fit → calibration folded
// into the classifier → graphs → thresholds and held-out metrics in the precision that the package opens by default.
// The same examples, options, start and revision give the same package on a deterministic back end.
import type { Example, Split } from "#datasets/example";
import { sha256Text } from "#datasets/files/hash";
import type { EncoderContents } from "#models/encoder/encoder-files";
import type { EncoderArchitecture, ManifestDraft } from "#models/manifest";
import { HARMFUL } from "#models/taxonomy";
import { type ModelLabels, type Row, dataHash, modelLabels, positivesOf, splitRows, stateOf } from "#train/label-states";
import { packageFigures } from "#train/package-figures";
import type { Backend } from "#train/tensor/backend";
import type { FinetuneOptions } from "./defaults.ts";
import { type EncoderStart, tensorsHash } from "./encoder-start.ts";
import { finishEncoder } from "./finish-encoder.ts";
import { fitEncoder } from "./fit-encoder.ts";
import type { FitHooks, FitResult } from "./fit-task.ts";
import { labelShare, labelTargets } from "./targets.ts";
import { type Teacher, addTeacher } from "./teacher.ts";
import { type TrainingSet, trainingSet } from "./training-set.ts";
import { Turns } from "./turns.ts";

export interface EncoderRun {
  /** Makes the start, once the rows and labels are known. @param texts of the training split */
  start: (texts: readonly string[], labels: readonly string[]) => Promise<EncoderStart>;
  backend: Backend;
  teacher: Teacher | null;
  /** A folder of this run: its checkpoint, and graphs that are made to be measured. */
  workFolder: string;
  log: string;
  /** Start anew, whatever checkpoint there is. */
  fresh: boolean;
  hooks: Omit<FitHooks, "progress"> & { fit: FitHooks["progress"]; progress: (text: string) => void };
}

export interface About {
  name: string;
  description: string;
  cordonVersion: string;
  gitRevision: string;
  /** What it started from, for the manifest: names, no paths of this machine. */
  startedFrom: Record<string, unknown>;
}

export interface EncoderResult {
  contents: EncoderContents;
  manifest: ManifestDraft & { architecture: EncoderArchitecture };
  fit: Omit<FitResult, "tensors">;
}

const CHECKPOINT_FILE = "checkpoint.safetensors";

/** @throws CordonError data/too-few-examples, train/*, and as the start */
export async function trainEncoder(
  examples: readonly Example[],
  options: FinetuneOptions,
  about: About,
  { start: makeStart, backend, teacher, workFolder, log, fresh, hooks }: EncoderRun,
): Promise<EncoderResult> {
  const rows = splitRows(examples);
  const model = modelLabels(rows, options.labels);
  hooks.progress(`reading ${rows.length} examples`);
  const start = await makeStart(textsOf(rows, "train"), model.learned);
  for (const line of start.told) hooks.say(line);
  const fingerprint = fingerprintOf(rows, model, options, start, teacher, backend);

  const training = splitSet(rows, "train", model.learned, start, options);
  const calibration = splitSet(rows, "calibration", model.learned, start, { ...options, smoothing: 0 });
  if (teacher !== null) {
    const shares = model.learned.map((_, l) => labelShare(l, model.learned.length, options.harmfulWeight));
    const told = (done: number) => hooks.progress(`the teacher has read ${done} of ${training.set.windows} windows`);
    const turns = new Turns(hooks.signal);
    await addTeacher(training.set, training.rows, model.learned, shares, teacher, options.teacherWeight, turns, told);
  }
  const { tensors, ...fit } = await fitEncoder(
    {
      config: start.config,
      labels: model.learned,
      initial: start.tensors,
      training: training.set,
      calibration: calibration.set,
      states: calibration.rows.map(({ example }) => stateOf(example, HARMFUL)),
      padId: start.tokenizer.padId,
      maxTokens: start.maxTokens,
    },
    options,
    backend,
    { checkpoint: `${workFolder}/${CHECKPOINT_FILE}`, log, fingerprint, fresh },
    { ...hooks, progress: hooks.fit },
  );

  const finished = await finishEncoder({ ...start, tensors }, rows, model, options, about, `${workFolder}/graphs`, hooks);
  const { seed, ...rest } = options;
  return {
    contents: finished.contents,
    fit,
    manifest: {
      name: about.name,
      description: about.description,
      cordonVersion: about.cordonVersion,
      architecture: finished.architecture,
      labels: model.labels,
      aggregate: options.aggregate,
      ...packageFigures(rows, finished.scored, model, options.thresholdRule),
      calibration: finished.calibration,
      training: {
        dataSha256: dataHash(rows),
        examples: rows.length,
        positives: positivesOf(rows, model.labels),
        gitRevision: about.gitRevision,
        seed,
        options: {
          ...rest,
          ...about.startedFrom,
          backend: backend.name,
          device: backend.device,
          teacher: teacher?.id ?? null,
          steps: fit.steps,
          bestStep: fit.best?.step ?? fit.steps,
          calibrationLoss: fit.best?.loss ?? null,
        },
      },
    },
  };
}

function textsOf(rows: readonly Row[], split: Split): string[] {
  return rows.filter((row) => row.split === split).map(({ example }) => example.text);
}

function splitSet(
  all: readonly Row[],
  split: Split,
  labels: readonly string[],
  { tokenizer, maxTokens }: EncoderStart,
  options: FinetuneOptions,
): { rows: Row[]; set: TrainingSet } {
  const rows = all.filter((row) => row.split === split);
  const { windowsPerText } = options;
  return { rows, set: trainingSet(rows, labelTargets(rows, labels, options), labels.length, tokenizer, { maxTokens, windowsPerText }) };
}

/** What the fit hangs on: a checkpoint of another one is no use to it. Options of what comes after the fit are left out. */
function fingerprintOf(
  rows: readonly Row[],
  { learned }: ModelLabels,
  options: FinetuneOptions,
  start: EncoderStart,
  teacher: Teacher | null,
  backend: Backend,
): string {
  const { aggregate: _a, thresholdRule: _t, precision: _p, precisions: _q, checkpointEvery: _c, ...fit } = options;
  return sha256Text(
    JSON.stringify({
      data: dataHash(rows),
      more: sha256Text(JSON.stringify(rows.map(({ example }) => [example.source, example.labelDist]))),
      labels: learned,
      fit,
      config: start.config,
      weights: tensorsHash(start.tensors),
      tokenizer: [...start.tokenizerFiles].map(([name, text]) => [name, sha256Text(text)]),
      teacher: teacher?.id ?? null,
      backend: backend.name,
    }),
  );
}
