// The files of a model package: names, the manifest that lists them, and the check that they are what it says.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import { CordonError } from "./errors.ts";
import { type Manifest, PACKAGE_FORMAT, manifestSchema } from "./manifest.ts";

export const MANIFEST_FILE = "cordon.json";
export const CARD_FILE = "README.md";
/** Of an n-gram model. */
export const MODEL_FILE = "model.onnx";

/** Files of an encoder, in the layout of the Hugging Face hub and transformers.js. */
export const ENCODER_FILES = {
  config: "config.json",
  weights: "model.safetensors",
  tokenizer: "tokenizer.json",
  tokenizerConfig: "tokenizer_config.json",
  vocabulary: "vocabulary.json",
  fp32: "onnx/model.onnx",
  int8: "onnx/model_quantized.onnx",
  fp16: "onnx/model_fp16.onnx",
  text: "onnx/model_text.onnx",
} as const;

/** Folders of a cascade, each a whole package. */
export const STAGE_FOLDERS = { first: "first", second: "second" } as const;

/**
 * The manifest of a package's folder.
 * @throws CordonError usage/missing-file, model/damaged, model/too-new
 */
export async function readManifest(dir: string): Promise<Manifest> {
  const path = join(dir, MANIFEST_FILE);
  const text = await readFile(path, "utf8").catch((cause: unknown) => {
    throw new CordonError("usage/missing-file", `no model package: ${MANIFEST_FILE} cannot be read`, {
      where: dir,
      hint: "make one with `cordon train`, `cordon finetune` or `cordon run`",
      cause,
    });
  });
  return parseManifest(text, path);
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

/**
 * Checks the hash of every file that a manifest names. They are read in pieces: an encoder's may be larger than memory.
 * @throws CordonError model/damaged
 */
export async function checkFiles(dir: string, files: Manifest["files"]): Promise<void> {
  for (const [name, expected] of Object.entries(files)) {
    if (name.split(/[/\\]/).some((part) => part === "" || part === "." || part === "..")) {
      throw damaged(`${MANIFEST_FILE} names a file outside of the package`, dir);
    }
    const hash = await sha256OfFile(join(dir, name)).catch((cause: unknown) => {
      throw damaged(`${name} is missing`, dir, cause);
    });
    if (hash !== expected) throw damaged(`${name} does not have the hash that ${MANIFEST_FILE} states`, dir);
  }
}

/** @throws CordonError model/damaged where the manifest does not name one of the files, whose hash then was not checked */
export function requireFiles(dir: string, files: Manifest["files"], names: readonly string[]): void {
  for (const name of names) if (!Object.hasOwn(files, name)) throw damaged(`${MANIFEST_FILE} names no ${name}`, dir);
}

export function damaged(what: string, where: string, cause?: unknown): CordonError {
  return new CordonError("model/damaged", `damaged model package: ${what}`, { where, hint: "train or copy it again", cause });
}

export function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

export async function sha256OfFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(piece as Buffer);
  return hash.digest("hex");
}
