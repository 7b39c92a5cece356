// Writes an encoder's files in the layout of the Hugging Face hub and of transformers.js: config.json, model.safetensors, the
// tokenizer's own files, and the graphs under onnx/. The label rules of a package are no outputs and not among its labels.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { EncoderArchitecture, Manifest, Precision } from "#models/manifest";
import { ENCODER_FILES, sha256, sha256OfFile } from "#models/package-files";
import { writeCheckpoint } from "./checkpoint-folder.ts";
import type { TokenizerFiles } from "./open-tokenizer.ts";
import type { Tensors } from "./tensors.ts";

export interface EncoderContents {
  /** By canonical name, the calibration folded into the classifier's. */
  tensors: Tensors;
  tokenizer: TokenizerFiles;
  /** ONNX files: fp32 always, and each other precision that the architecture names; `text` takes strings. */
  graphs: { fp32: Uint8Array } & Partial<Record<Precision | "text", Uint8Array>>;
}

/** Writes into a folder and returns each file's hash by its name there. */
export async function writeEncoderFiles(
  folder: string,
  { tensors, tokenizer, graphs }: EncoderContents,
  architecture: EncoderArchitecture,
  labels: readonly string[],
): Promise<Manifest["files"]> {
  for (const precision of Object.keys(architecture.precisions)) {
    if (graphs[precision as Precision] === undefined) throw new Error(`writeEncoderFiles: no graph for the precision ${precision}`);
  }
  const outputs = labels.filter((label) => !Object.hasOwn(architecture.rules, label));
  const files: Manifest["files"] = {};
  for (const name of await writeCheckpoint(folder, { config: architecture.config, labels: outputs, tensors, tokenizerFiles: tokenizer })) {
    files[name] = await sha256OfFile(join(folder, name));
  }
  await mkdir(join(folder, "onnx"));
  for (const kind of ["fp32", "int8", "fp16", "text"] as const) {
    const graph = graphs[kind];
    if (graph === undefined) continue;
    await writeFile(join(folder, ENCODER_FILES[kind]), graph);
    files[ENCODER_FILES[kind]] = sha256(graph);
  }
  return files;
}
