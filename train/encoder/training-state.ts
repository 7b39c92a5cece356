// The state of a training run on disk, so that one that was killed goes on as if nothing had happened: one file in the layout of
// safetensors (all float32, the counters as JSON in its metadata), written to a temporary name, synced, and renamed.
import { type FileHandle, open, stat } from "node:fs/promises";
import { z } from "zod";
import { replaceFile } from "#datasets/files/write-file";
import { CordonError } from "#models/errors";

/** Where a run stands. Random numbers need no state: each draw hangs on the seed and the step alone. */
export const trainingStateSchema = z.object({
  /** SHA-256 of the options, the data and what the run started from. */
  fingerprint: z.string(),
  /** Optimiser steps done. */
  step: z.number().int(),
  /** Real tokens so far. */
  tokens: z.number(),
  /** Padded tokens that go through the network at once; smaller after an out-of-memory. */
  microTokens: z.number().int(),
  /** Summed since the last line of the log. */
  pending: z.object({ loss: z.number(), weight: z.number() }),
  /** The evaluation with the lowest calibration loss; null before the first. */
  best: z.object({ step: z.number().int(), loss: z.number(), auroc: z.number().nullable() }).nullable(),
  /** Evaluations since the best one. */
  sinceBest: z.number().int(),
  /** Length of the log up to here. */
  logBytes: z.number().int(),
});

export type TrainingState = z.infer<typeof trainingStateSchema>;
export type HostArrays = Map<string, Float32Array>;

/** One write holds at most so much: an operating system may refuse 2 GiB. */
const WRITE_BYTES = 1 << 28;
/** A header is names and numbers: more than this is no header. */
const HEADER_BYTES = 1 << 26;

const headerSchema = z.record(
  z.string(),
  z.union([
    z.object({ dtype: z.literal("F32"), shape: z.array(z.number().int()), data_offsets: z.tuple([z.number().int(), z.number().int()]) }),
    z.object({ state: z.string() }),
  ]),
);

/** Replaces the file, or leaves the older one: a kill at any moment leaves one of the two, whole. */
export async function saveTrainingState(path: string, state: TrainingState, arrays: HostArrays): Promise<void> {
  const header: Record<string, unknown> = { __metadata__: { state: JSON.stringify(state) } };
  let offset = 0;
  for (const [name, { length }] of arrays) {
    header[name] = { dtype: "F32", shape: [length], data_offsets: [offset, offset + length * 4] };
    offset += length * 4;
  }
  const json = JSON.stringify(header);
  const text = Buffer.from(json + " ".repeat((8 - (Buffer.byteLength(json) % 8)) % 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  await replaceFile(path, async (file) => {
    try {
      await file.write(Buffer.concat([length, text]));
      for (const array of arrays.values()) await writeAll(file, new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/** @returns null where there is no file @throws CordonError data/unreadable */
export async function loadTrainingState(path: string): Promise<{ state: TrainingState; arrays: HostArrays } | null> {
  const size = (await stat(path).catch(() => undefined))?.size;
  if (size === undefined) return null;
  const file = await open(path);
  try {
    const length = Number((await readExactly(file, 0, Math.min(8, size))).readBigUInt64LE());
    if (length > Math.min(size - 8, HEADER_BYTES)) throw new Error("the header is longer than the file");
    const header = headerSchema.parse(JSON.parse((await readExactly(file, 8, length)).toString()));
    const arrays: HostArrays = new Map();
    let state: TrainingState | undefined;
    for (const [name, entry] of Object.entries(header)) {
      if ("state" in entry) {
        state = trainingStateSchema.parse(JSON.parse(entry.state));
        continue;
      }
      const [start, end] = entry.data_offsets;
      if (end < start || 8 + length + end > size || (end - start) % 4 !== 0) throw new Error(`${name} does not lie in the file`);
      const array = new Float32Array((end - start) / 4);
      await readInto(file, 8 + length + start, new Uint8Array(array.buffer));
      arrays.set(name, array);
    }
    if (state === undefined) throw new Error("no state");
    return { state, arrays };
  } catch (cause) {
    throw new CordonError("data/unreadable", "damaged checkpoint", { where: path, hint: "start anew with --fresh", cause });
  } finally {
    await file.close();
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += (await file.write(bytes, at, Math.min(WRITE_BYTES, bytes.length - at))).bytesWritten;
}

async function readExactly(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  await readInto(file, position, buffer);
  return buffer;
}

async function readInto(file: FileHandle, position: number, into: Uint8Array): Promise<void> {
  for (let at = 0; at < into.length;) {
    const { bytesRead } = await file.read(into, at, Math.min(WRITE_BYTES, into.length - at), position + at);
    if (bytesRead === 0) throw new Error("the file ends early");
    at += bytesRead;
  }
}
