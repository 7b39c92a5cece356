// The state of a training run on disk, so that one that was killed goes on as if nothing had happened: one file in the layout of
// safetensors (all float32, the counters as JSON in its metadata), written to a temporary name, synced, and renamed.
import { existsSync } from "node:fs";
import { z } from "zod";
import { replaceFile } from "#datasets/files/write-file";
import { readSafetensorsFile, safetensorsParts } from "#models/encoder/safetensors";
import { CordonError } from "#models/errors";

/** Where a run stands. Random numbers need no state: each draw hangs on the seed and the step alone. */
const trainingStateSchema = z.object({
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
  /** The step after which the last evaluation was; a run may stop before the next, which is then made up for. */
  evaluated: z.number().int(),
  /** Evaluations since the best one. */
  sinceBest: z.number().int(),
  /** Length of the log up to here. */
  logBytes: z.number().int(),
});

export type TrainingState = z.infer<typeof trainingStateSchema>;
export type HostArrays = Map<string, Float32Array>;

/** Of the header's metadata. */
const STATE = "state";

/** Replaces the file, or leaves the older one: a kill at any moment leaves one of the two, whole. */
export async function saveTrainingState(path: string, state: TrainingState, arrays: HostArrays): Promise<void> {
  const tensors = new Map([...arrays].map(([name, data]) => [name, { shape: [data.length], data }]));
  await replaceFile(path, async (file) => {
    try {
      for (const part of safetensorsParts(tensors, { [STATE]: JSON.stringify(state) })) await file.writeFile(part);
      await file.sync();
    } finally {
      await file.close();
    }
  });
}

/** @returns null where there is no file @throws CordonError data/unreadable */
export async function loadTrainingState(path: string): Promise<{ state: TrainingState; arrays: HostArrays } | null> {
  if (!existsSync(path)) return null;
  try {
    const { tensors, metadata } = await readSafetensorsFile(path);
    const state = trainingStateSchema.parse(JSON.parse(metadata[STATE] ?? ""));
    return { state, arrays: new Map([...tensors].map(([name, { data }]) => [name, data])) };
  } catch (cause) {
    throw new CordonError("data/unreadable", "damaged checkpoint", { where: path, hint: "start anew with --fresh", cause });
  }
}
