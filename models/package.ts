// A model package: a folder that is all one needs to score. cordon.json (manifest.ts) names the hash of each other file;
// README.md is a model card for the Hugging Face hub. Beside them
//   n-grams   model.onnx, the graph and the weights, raw strings in
//   encoder   the files that Python's transformers and transformers.js read (encoder/encoder-files.ts)
//   cascade   first/ and second/, each a whole package
// Written to a temporary folder and renamed, so that a package is whole or not there.
import { copyFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { type EncoderContents, writeEncoderFiles } from "./encoder/encoder-files.ts";
import { CordonError } from "./errors.ts";
import type { LoadedModel } from "./loaded-model.ts";
import { type EncoderArchitecture, FORMAT_OF, type Manifest, type ManifestDraft, manifestSchema } from "./manifest.ts";
import { renderModelCard } from "./model-card.ts";
import type { NgramModel } from "./ngram/model.ts";
import { ngramOnnx } from "./ngram/onnx-graph.ts";
import { readNgramModel } from "./ngram/read-weights.ts";
import { writeFolder } from "./output-folder.ts";
import {
  CARD_FILE,
  checkFiles,
  damaged,
  ENCODER_FILES,
  MANIFEST_FILE,
  MODEL_FILE,
  readManifest,
  requireFiles,
  sha256,
  sha256OfFile,
  STAGE_FOLDERS,
} from "./package-files.ts";

export interface ModelPackage {
  dir: string;
  manifest: Manifest;
  model: LoadedModel;
}

/**
 * Writes the package of an n-gram model and returns its manifest. An older package in `dir` is replaced in one step; any
 * other folder that is not empty is refused.
 * @throws CordonError usage/output-exists
 */
export async function saveNgramPackage(dir: string, model: NgramModel, manifest: ManifestDraft): Promise<Manifest> {
  const onnx = ngramOnnx(model, {
    name: manifest.name,
    version: manifest.cordonVersion,
    metadata: { labels: JSON.stringify(manifest.labels), thresholds: JSON.stringify(manifest.thresholds) },
  });
  return writePackage(dir, manifest, async (folder) => {
    await writeFile(join(folder, MODEL_FILE), onnx);
    return { [MODEL_FILE]: sha256(onnx) };
  });
}

/**
 * Writes the package of an encoder.
 * @throws CordonError usage/output-exists
 */
export async function saveEncoderPackage(
  dir: string,
  contents: EncoderContents,
  manifest: ManifestDraft & { architecture: EncoderArchitecture },
): Promise<Manifest> {
  return writePackage(dir, manifest, (folder) => writeEncoderFiles(folder, contents, manifest.architecture, manifest.labels));
}

/**
 * Writes the package of a cascade: copies of the two stages' packages, whole.
 * @throws CordonError usage/output-exists, and as loadPackage for the stages
 */
export async function saveCascadePackage(dir: string, firstDir: string, secondDir: string, manifest: ManifestDraft): Promise<Manifest> {
  refuseStageAsOutput(dir, [firstDir, secondDir]);
  return writePackage(dir, manifest, async (folder) => {
    const files: Manifest["files"] = {};
    for (const [stage, from] of [
      [STAGE_FOLDERS.first, firstDir],
      [STAGE_FOLDERS.second, secondDir],
    ] as const) {
      const own = await readManifest(from);
      await checkFiles(from, own.files);
      for (const name of [MANIFEST_FILE, ...Object.keys(own.files)]) {
        const to = join(folder, stage, name);
        await mkdir(dirname(to), { recursive: true });
        await copyFile(join(from, name), to);
        files[`${stage}/${name}`] = own.files[name] ?? (await sha256OfFile(to));
      }
    }
    return files;
  });
}

/** @throws CordonError usage/output-exists where a cascade's folder is that of one of its stages */
export function refuseStageAsOutput(dir: string, stages: readonly string[]): void {
  if (!stages.some((stage) => resolve(stage) === resolve(dir))) return;
  throw new CordonError("usage/output-exists", "the cascade would replace one of its stages", { where: dir, hint: "choose another --out" });
}

/** @param fill writes the files into a folder and returns their hashes */
async function writePackage(dir: string, manifest: ManifestDraft, fill: (folder: string) => Promise<Manifest["files"]>): Promise<Manifest> {
  let whole: Manifest | undefined;
  await writeFolder(dir, MANIFEST_FILE, async (folder) => {
    const card = Buffer.from(renderModelCard(manifest));
    const files = { ...(await fill(folder)), [CARD_FILE]: sha256(card) };
    whole = manifestSchema.parse({ format: FORMAT_OF[manifest.architecture.kind], ...manifest, files });
    await writeFile(join(folder, CARD_FILE), card);
    await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(whole, null, 2)}\n`);
  });
  return whole!;
}

/**
 * Reads a package of any kind and checks each file's hash.
 * @throws CordonError usage/missing-file, model/damaged, model/too-new
 */
export async function loadPackage(dir: string): Promise<ModelPackage> {
  const manifest = await readManifest(dir);
  await checkFiles(dir, manifest.files);
  return { dir, manifest, model: await loadModel(dir, manifest) };
}

/** The model of a package whose files are checked. */
async function loadModel(dir: string, { architecture, labels, files, aggregate }: Manifest): Promise<LoadedModel> {
  switch (architecture.kind) {
    case "ngram": {
      requireFiles(dir, files, [MODEL_FILE]);
      return { kind: "ngram", model: readNgramModel(await readFile(join(dir, MODEL_FILE)), architecture, labels, dir) };
    }
    case "encoder": {
      const graphs = (["fp32", "int8", "fp16"] as const).filter((precision) => architecture.precisions[precision] !== undefined);
      const tokenizer = architecture.tokenizer === "words" ? ENCODER_FILES.vocabulary : ENCODER_FILES.tokenizer;
      requireFiles(dir, files, [ENCODER_FILES.weights, tokenizer, ...graphs.map((precision) => ENCODER_FILES[precision])]);
      for (const [label, { of }] of Object.entries(architecture.rules)) {
        if (!labels.includes(label) || !labels.includes(of) || of in architecture.rules)
          throw damaged(`the rule of ${label} does not fit the labels`, dir);
      }
      if (architecture.precisions[architecture.default] === undefined)
        throw damaged("it lacks the precision that it names as its default", dir);
      return { kind: "encoder", dir: resolve(dir), labels, architecture };
    }
    case "cascade": {
      const stage = async (name: string): Promise<LoadedModel> => {
        requireFiles(dir, files, [`${name}/${MANIFEST_FILE}`]);
        const folder = join(dir, name);
        const manifestOfStage = await readManifest(folder);
        // The outer manifest holds the hashes that were checked; the stage's own must name the same files.
        for (const [file, hash] of Object.entries(manifestOfStage.files)) {
          if (files[`${name}/${file}`] !== hash) throw damaged(`${MANIFEST_FILE} and that of ${name}/ do not agree on ${file}`, dir);
        }
        return loadModel(folder, manifestOfStage);
      };
      const first = await stage(STAGE_FOLDERS.first);
      const second = await stage(STAGE_FOLDERS.second);
      if (first.kind !== "ngram" || second.kind !== "encoder") throw damaged("a cascade is an n-gram model before an encoder", dir);
      const { combine, decides } = architecture;
      if (!labels.includes(decides) || labels.some((label) => combine[label] === undefined || !first.model.labels.includes(label)))
        throw damaged("its labels do not fit those of its stages", dir);
      for (const label of labels) {
        if (combine[label]!.both !== null && !second.labels.includes(label)) throw damaged(`the second stage has no label ${label}`, dir);
      }
      return { kind: "cascade", labels, architecture, aggregate, first, second };
    }
  }
}
