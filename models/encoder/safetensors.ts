// The safetensors format (https://github.com/huggingface/safetensors, "Format"): 8 bytes of header length, a JSON header of names,
// types, shapes and offsets, then the bytes of the tensors without gaps. A file is distrusted: every claim of its header is checked
// before a byte is read by it. Tensors are read one by one, so that a file may be larger than what one buffer can hold.

import { type FileHandle, open, readFile, rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";

import { CordonError } from "#models/errors";
import { fromBfloat16, fromFloat16 } from "./half.ts";
import { elements, some, type Tensor, type Tensors } from "./tensors.ts";

/** Bits of an element, by the names of the format. */
const BITS: Readonly<Record<string, number>> = {
  BOOL: 8, U8: 8, I8: 8, F8_E4M3: 8, F8_E5M2: 8, I16: 16, U16: 16, F16: 16, BF16: 16, I32: 32, U32: 32, F32: 32, F64: 64, I64: 64, U64: 64,
}; // prettier-ignore

/** The reference implementation's own bound. */
const MAX_HEADER_BYTES = 100_000_000;

const count = z.int().nonnegative();
const EntrySchema = z.object({ dtype: z.string(), shape: z.array(count), data_offsets: z.tuple([count, count]) });
type Entry = z.infer<typeof EntrySchema>;
/** Nothing that tensors hang on: what is no strings by name is passed over. */
const MetadataSchema = z.record(z.string(), z.string()).catch({});

const IndexSchema = z.looseObject({ weight_map: z.record(z.string(), z.string().regex(/^[^/\\]+\.safetensors$/)) });

/** What a reader wants of a file's tensors; those of another type than F32, F16 and BF16 can be left out, not read. */
export type Wanted = (name: string) => boolean;

/**
 * The tensors of one file, F16 and BF16 widened to float32.
 * @throws CordonError usage/missing-file, model/damaged, model/unsupported (a tensor that is wanted and not of floats)
 */
export async function readSafetensors(path: string, wanted?: Wanted): Promise<Tensors> {
  return (await readSafetensorsFile(path, wanted)).tensors;
}

/** Its tensors, and the strings that its header holds beside them. @throws CordonError as `readSafetensors` */
export async function readSafetensorsFile(
  path: string,
  wanted: Wanted = () => true,
): Promise<{ tensors: Tensors; metadata: Record<string, string> }> {
  const file = await open(path, "r").catch((cause: unknown) => {
    throw new CordonError("usage/missing-file", "no such file of weights", { where: path, cause });
  });
  try {
    const { size } = await file.stat();
    const { entries, metadata, start } = await readHeader(file, size, path);
    const tensors: Tensors = new Map();
    for (const [name, entry] of entries) {
      if (!wanted(name)) continue;
      const [begin, end] = entry.data_offsets;
      tensors.set(name, {
        shape: entry.shape,
        data: widen(name, entry.dtype, await readBytes(file, start + begin, end - begin, path), path),
      });
    }
    return { tensors, metadata };
  } finally {
    await file.close();
  }
}

/**
 * The weights of a folder: `model.safetensors`, or the shards that `model.safetensors.index.json` names.
 * @throws CordonError as `readSafetensors`; usage/missing-file and model/unsupported where a folder has no such file
 */
export async function readFolderTensors(dir: string, files: readonly string[], wanted: Wanted = () => true): Promise<Tensors> {
  if (files.includes(WEIGHTS_FILE)) return await readSafetensors(join(dir, WEIGHTS_FILE), wanted);
  if (!files.includes(WEIGHTS_INDEX_FILE)) throw noSafetensors(dir, files);
  const where = join(dir, WEIGHTS_INDEX_FILE);
  const map = parseWeightMap(await readFile(where, "utf8"), where);
  const tensors: Tensors = new Map();
  for (const shard of shardsOf(map)) {
    for (const [name, tensor] of await readSafetensors(join(dir, shard), wanted)) {
      if (map[name] !== shard) throw damaged(`the tensor ${name} of ${shard} is not there by the index`, where);
      tensors.set(name, tensor);
    }
  }
  const lost = Object.keys(map).filter((name) => wanted(name) && !tensors.has(name));
  if (lost.length > 0) throw damaged(`the shards lack ${some(lost)}, which the index names`, where);
  return tensors;
}

export const WEIGHTS_FILE = "model.safetensors";
export const WEIGHTS_INDEX_FILE = "model.safetensors.index.json";

/** Which file holds which tensor, by the text of an index. @throws CordonError model/damaged */
export function parseWeightMap(text: string, where: string): Record<string, string> {
  try {
    return IndexSchema.parse(JSON.parse(text)).weight_map;
  } catch (cause) {
    throw damaged("it is no index of safetensors files", where, cause);
  }
}

/** The files of a weight map, sorted. */
export function shardsOf(map: Record<string, string>): string[] {
  return [...new Set(Object.values(map))].sort();
}

/** The error for a checkpoint without safetensors, from the names of its files. */
export function noSafetensors(where: string, files: readonly string[]): CordonError {
  const pickle = files.find((name) => /^(pytorch_model.*\.bin|.*\.(pt|pth|ckpt))$/.test(name));
  if (pickle === undefined) return new CordonError("usage/missing-file", `there is no ${WEIGHTS_FILE}`, { where });
  return new CordonError("model/unsupported", `its weights are a Python pickle (${pickle}), which can run code and is not read`, {
    where,
    hint: "convert it where you trust it: AutoModel.from_pretrained(FOLDER).save_pretrained(OUT, safe_serialization=True)",
  });
}

/**
 * Writes tensors as F32, sorted by name: the same tensors give the same bytes. Written beside `path`, then renamed.
 * @param metadata strings for the header; transformers wants `format`
 */
export async function writeSafetensors(path: string, tensors: Tensors, metadata: Record<string, string> = { format: "pt" }): Promise<void> {
  const temporary = join(dirname(path), `.${process.pid}-${Math.trunc(performance.now() * 1000).toString(36)}.safetensors.tmp`);
  try {
    const file = await open(temporary, "wx");
    try {
      for (const part of safetensorsParts(tensors, metadata)) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}

/** The bytes of a file in order: the header, then each tensor's. */
export function* safetensorsParts(tensors: Tensors, metadata: Record<string, string> = { format: "pt" }): Generator<Uint8Array> {
  const sorted = [...tensors].sort(([a], [b]) => (a < b ? -1 : 1));
  const header: [string, unknown][] = [["__metadata__", metadata]];
  let offset = 0;
  for (const [name, { shape, data }] of sorted) {
    if (data.length !== elements(shape)) throw new Error(`safetensorsParts: ${name} needs ${elements(shape)} elements, got ${data.length}`);
    header.push([name, { dtype: "F32", shape, data_offsets: [offset, (offset += data.byteLength)] }]);
  }
  const json = Buffer.from(JSON.stringify(Object.fromEntries(header)));
  // The tensors begin at a multiple of 8, so that a reader may map them.
  const head = Buffer.alloc(8 + Math.ceil(json.length / 8) * 8, " ");
  head.writeBigUInt64LE(BigInt(head.length - 8));
  json.copy(head, 8);
  yield head;
  for (const [, { data }] of sorted) yield new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
}

interface Header {
  entries: [string, Entry][];
  metadata: Record<string, string>;
  /** Where the first tensor begins. */
  start: number;
}

async function readHeader(file: FileHandle, size: number, where: string): Promise<Header> {
  if (size < 8) throw damaged("it is too short for a safetensors file", where);
  const length = Number(Buffer.from(await readBytes(file, 0, 8, where)).readBigUInt64LE());
  if (length > MAX_HEADER_BYTES || length > size - 8) throw damaged(`its header would be ${length} bytes long`, where);
  const start = 8 + length;
  let entries: [string, Entry][];
  let metadata: Record<string, string>;
  try {
    const json: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(await readBytes(file, 8, length, where)));
    if (typeof json !== "object" || json === null || Array.isArray(json)) throw new Error("a header is an object");
    entries = Object.entries(json).flatMap(([name, entry]) => (name === "__metadata__" ? [] : [[name, EntrySchema.parse(entry)]]));
    metadata = MetadataSchema.parse("__metadata__" in json ? json.__metadata__ : {});
  } catch (cause) {
    throw damaged("its header is no safetensors header", where, cause);
  }
  checkLayout(entries, size - start, where);
  return { entries, metadata, start };
}

/** Each tensor takes the bytes its shape needs, and all of them together fill the file without gap or overlap. */
function checkLayout(entries: readonly [string, Entry][], bytes: number, where: string): void {
  let filled = 0;
  for (const [name, { dtype, shape, data_offsets }] of entries.toSorted(([, a], [, b]) => byOffsets(a, b))) {
    const bits = Object.hasOwn(BITS, dtype) ? BITS[dtype] : undefined;
    if (bits === undefined)
      throw new CordonError("model/unsupported", `the tensor ${name} is of a type "${dtype}" unknown here`, { where });
    const [begin, end] = data_offsets;
    const needed = (elements(shape) * bits) / 8;
    if (!Number.isSafeInteger(needed) || end - begin !== needed) {
      throw damaged(`the tensor ${name} has ${end - begin} bytes where ${dtype} [${shape.join(", ")}] needs ${needed}`, where);
    }
    if (begin !== filled) throw damaged(`the tensor ${name} ${begin < filled ? "overlaps another" : "follows a gap"}`, where);
    filled = end;
  }
  if (filled !== bytes)
    throw damaged(
      `it is ${filled > bytes ? "cut short" : "too long"}: ${bytes} bytes of tensors where its header tells of ${filled}`,
      where,
    );
}

function byOffsets(a: Entry, b: Entry): number {
  return a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1];
}

function widen(name: string, dtype: string, bytes: Uint8Array<ArrayBuffer>, where: string): Tensor["data"] {
  const { buffer, byteOffset, byteLength } = bytes;
  switch (dtype) {
    case "F32":
      return new Float32Array(buffer, byteOffset, byteLength / 4);
    case "F16":
      return fromFloat16(new Uint16Array(buffer, byteOffset, byteLength / 2));
    case "BF16":
      return fromBfloat16(new Uint16Array(buffer, byteOffset, byteLength / 2));
    default:
      throw new CordonError("model/unsupported", `the tensor ${name} is ${dtype}`, { where, hint: "F32, F16 and BF16 are read" });
  }
}

/** A file's bytes in a buffer of their own, so that any type of array may view them. */
async function readBytes(file: FileHandle, position: number, length: number, where: string): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const { bytesRead } = await file.read(bytes, done, Math.min(length - done, 1 << 30), position + done);
    if (bytesRead === 0) throw damaged("it was cut short while it was read", where);
    done += bytesRead;
  }
  return bytes;
}

function damaged(what: string, where: string, cause?: unknown): CordonError {
  return new CordonError("model/damaged", what, { where, hint: "fetch or copy it again", cause });
}
