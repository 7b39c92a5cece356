// A model package: a folder that is all one needs to score.
//   model.onnx   the graph and the weights, raw strings in
//   cordon.json  the manifest (manifest.ts), with a hash of each other file
//   README.md    a model card for the Hugging Face hub, with measured results
// Written to a temporary folder and renamed, so that a package is whole or not there.
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { CordonError } from "./errors.ts";
import { type Manifest, PACKAGE_FORMAT, manifestSchema } from "./manifest.ts";
import { renderModelCard } from "./model-card.ts";
import type { NgramModel } from "./ngram/model.ts";
import { ONNX_WEIGHTS, ngramOnnx } from "./ngram/onnx-graph.ts";
import { type Initializer, readInitializers } from "./onnx/graph.ts";
import { writeFolder } from "./output-folder.ts";

export const MANIFEST_FILE = "cordon.json";
export const MODEL_FILE = "model.onnx";
export const CARD_FILE = "README.md";

export interface ModelPackage {
  dir: string;
  manifest: Manifest;
  model: NgramModel;
}

/**
 * Writes a package and returns its manifest. An older package in `dir` is replaced in one step; any other folder that
 * is not empty is refused.
 * @throws CordonError usage/output-exists
 */
export async function savePackage(dir: string, model: NgramModel, manifest: Omit<Manifest, "files" | "format">): Promise<Manifest> {
  const onnx = ngramOnnx(model, {
    name: manifest.name,
    version: manifest.cordonVersion,
    metadata: { labels: JSON.stringify(manifest.labels), thresholds: JSON.stringify(manifest.thresholds) },
  });
  const card = Buffer.from(renderModelCard(manifest));
  const whole = manifestSchema.parse({
    format: PACKAGE_FORMAT,
    ...manifest,
    files: { [MODEL_FILE]: sha256(onnx), [CARD_FILE]: sha256(card) },
  });

  await writeFolder(dir, MANIFEST_FILE, async (folder) => {
    await writeFile(join(folder, MODEL_FILE), onnx);
    await writeFile(join(folder, CARD_FILE), card);
    await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(whole, null, 2)}\n`);
  });
  return whole;
}

/**
 * Reads a package whole and checks each file's hash.
 * @throws CordonError usage/missing-file, model/damaged, model/too-new
 */
export async function loadPackage(dir: string): Promise<ModelPackage> {
  const path = join(dir, MANIFEST_FILE);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new CordonError("usage/missing-file", `no model package: ${MANIFEST_FILE} cannot be read`, {
      where: dir,
      hint: "make one with `cordon train` or `cordon run`",
      cause,
    });
  });
  const manifest = parseManifest(text, path);
  let onnx: Uint8Array | undefined;
  for (const [name, expected] of Object.entries(manifest.files)) {
    const bytes = await readFile(join(dir, name)).catch((cause: unknown) => {
      throw damaged(`${name} is missing`, dir, cause);
    });
    if (sha256(bytes) !== expected) throw damaged(`${name} does not have the hash that ${MANIFEST_FILE} states`, dir);
    if (name === MODEL_FILE) onnx = bytes;
  }
  if (onnx === undefined) throw damaged(`${MANIFEST_FILE} names no ${MODEL_FILE}`, dir);
  return { dir, manifest, model: readNgramModel(onnx, manifest, dir) };
}

function parseManifest(text: string, path: string): Manifest {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw damaged("not JSON", path, cause);
  }
  const format = z.object({ format: z.number() }).safeParse(json).data?.format;
  if (format !== undefined && format > PACKAGE_FORMAT) {
    throw new CordonError("model/too-new", `package format ${format}, this version reads up to ${PACKAGE_FORMAT}`, {
      where: path,
      hint: "update cordon",
    });
  }
  const parsed = manifestSchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0]!;
  throw damaged(`field ${issue.path.join(".") || "(root)"}: ${issue.message}`, path, parsed.error);
}

function readNgramModel(bytes: Uint8Array, manifest: Manifest, dir: string): NgramModel {
  const { bits, charNgrams, rules } = manifest.architecture;
  const labels = manifest.labels.length;
  for (const [label, { of }] of Object.entries(rules)) {
    if (!manifest.labels.includes(label) || !manifest.labels.includes(of) || of in rules)
      throw damaged(`the rule of ${label} does not fit the labels`, dir);
  }
  let weights: Map<string, Initializer>;
  try {
    weights = readInitializers(bytes);
  } catch (cause) {
    throw damaged(`${MODEL_FILE} is not an ONNX model`, dir, cause);
  }
  const read = (name: string, bytesWanted: number): ArrayBuffer => {
    const raw = weights.get(name)?.raw;
    if (raw === undefined || raw.byteLength < bytesWanted) throw damaged(`${MODEL_FILE}: initializer ${name} is missing or too short`, dir);
    // A copy that starts at 0: views on a file's bytes may be unaligned. Shared, so that workers need none of their own.
    const copy = new SharedArrayBuffer(bytesWanted);
    new Uint8Array(copy).set(raw.subarray(0, bytesWanted));
    return copy as unknown as ArrayBuffer;
  };
  const finite = (name: string): Float32Array => {
    const values = new Float32Array(read(name, labels * 4));
    if (!values.every(Number.isFinite)) throw damaged(`${MODEL_FILE}: ${name} is not finite`, dir);
    return values;
  };
  return {
    features: { bits, charNgrams },
    labels: manifest.labels,
    table: new Int16Array(read(ONNX_WEIGHTS.table, 2 ** bits * (labels + 1) * 2)),
    slope: finite(ONNX_WEIGHTS.slope),
    intercept: finite(ONNX_WEIGHTS.intercept),
    rules,
  };
}

function damaged(what: string, where: string, cause?: unknown): CordonError {
  return new CordonError("model/damaged", `damaged model package: ${what}`, { where, hint: "train or copy it again", cause });
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
