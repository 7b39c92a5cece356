// Out of memory for real: a batch that WebAssembly's 4 GiB cannot hold, a buffer that a graphics device refuses, a device that is lost.
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Tensors } from "#models/encoder/tensors";
import { Random } from "#models/random";
import { type Backend, closeBackend, openBackend } from "#train/tensor/backend";
import { watchDevice } from "#train/tensor/device-errors";
import { tf } from "#train/tensor/tf";
import { type FitOptions, SCRATCH_DEFAULTS } from "./defaults.ts";
import { fitEncoder } from "./fit-encoder.ts";
import type { FitHooks, FitTask } from "./fit-task.ts";
import { toyTask } from "./fixture-task.ts";
import { freshTensors } from "./networks/fresh-tensors.ts";
import { outOfMemory } from "./out-of-memory.ts";
import { readLog } from "./training-log.ts";

const SWIFTSHADER = "/usr/lib/chromium/vk_swiftshader_icd.json";
const OPTIONS: FitOptions = {
  ...SCRATCH_DEFAULTS,
  epochs: 1,
  batchSize: 1024,
  microTokens: 1 << 26,
  patience: 0,
  logEvery: 1,
  checkpointEvery: 1,
  warmup: 0,
};

let scratch: string;
beforeAll(async () => void (scratch = await mkdtemp(join(tmpdir(), "cordon-memory-"))));
afterAll(() => rm(scratch, { recursive: true }));

/** Windows of `tokens` tokens, each label at random. */
function longTask(windows: number, tokens: number): FitTask {
  const toy = toyTask(40, 0);
  const random = new Random(3, "long");
  const config = { ...toy.config, max_position_embeddings: tokens, num_attention_heads: 4 } as FitTask["config"];
  const training = {
    ...toy.training,
    windows,
    ids: Array.from({ length: windows }, () => Int32Array.from({ length: tokens }, () => 1 + random.below(100))),
    lengths: new Int32Array(windows).fill(tokens),
    row: Int32Array.from({ length: windows }, (_, w) => w),
    target: Float32Array.from({ length: windows * toy.labels.length }, () => random.below(2)),
    weight: new Float32Array(windows * toy.labels.length).fill(1),
    windowWeight: new Float32Array(windows).fill(1),
  };
  return { ...toy, config, training, maxTokens: tokens + 1, initial: freshTensors(config, toy.labels.length, new Random(1, "w")) };
}

const fit = (
  name: string,
  task: FitTask,
  backend: Backend,
  options: Partial<FitOptions> = {},
  progress: FitHooks["progress"] = () => {},
) => {
  const said: string[] = [];
  const files = { checkpoint: join(scratch, name), log: join(scratch, `${name}.jsonl`), fingerprint: "f", fresh: false };
  const hooks = { progress, say: (text: string) => void said.push(text) };
  return fitEncoder(task, { ...OPTIONS, ...options }, backend, files, hooks).then((result) => ({
    ...result,
    said,
    log: readLog(files.log),
  }));
};

function distance(a: Tensors, b: Tensors): number {
  let most = 0;
  for (const [name, { data }] of a) data.forEach((x, i) => (most = Math.max(most, Math.abs(x - b.get(name)!.data[i]!))));
  return most;
}

it("a batch that WebAssembly cannot hold goes through in parts, and the step is the same", async () => {
  const backend = await openBackend("wasm");
  const task = longTask(1024, 512);
  const { said, log, tensors, steps } = await fit("wasm", task, backend);
  expect(said.length).toBeGreaterThan(0);
  for (const line of said)
    expect(line).toMatch(/^out of memory: batches go through in parts of \d+ tokens from here on, their size stays$/);
  const parts = log.flatMap((entry) => (entry.kind === "out-of-memory" ? [entry.microTokens] : []));
  expect(parts).toHaveLength(said.length);
  expect(steps).toBe(1);
  const fitting = await fit("wasm-fits", task, backend, { microTokens: parts.at(-1)! });
  expect(fitting.said).toEqual([]);
  expect(distance(tensors, fitting.tensors)).toBeLessThan(1e-6);
  closeBackend();
});

it("memory that others hold is met by a new module, from the weights of the moment", async () => {
  const backend = await openBackend("wasm");
  const held: unknown[] = [];
  for (const size of [1 << 26, 1 << 22, 1 << 18]) {
    try {
      for (;;) held.push(tf.ones([size]));
    } catch {
      // Full, to the last of this size.
    }
  }
  const task = longTask(256, 64);
  const { said, tensors, steps } = await fit("full", task, backend, { batchSize: 128 });
  expect([said.length > 0, steps]).toEqual([true, 2]);
  const { tensors: other } = await fit("empty", task, backend, { batchSize: 128 });
  expect(distance(tensors, other)).toBeLessThan(1e-5);
  closeBackend();
});

it("one window that does not fit is an error, told in a line", async () => {
  const backend = await openBackend("wasm");
  await expect(fit("never", longTask(2, 16_384), backend)).rejects.toMatchObject({
    code: "train/out-of-memory",
    message: expect.stringMatching(/^one window of 16384 tokens does not fit/),
  });
  closeBackend();
});

it("a graphics device that is lost is opened anew, from the last checkpoint; one that refuses a buffer says so", async ({ skip }) => {
  if (existsSync(SWIFTSHADER)) process.env["VK_DRIVER_FILES"] ??= SWIFTSHADER;
  const backend = await openBackend("webgpu").catch(() => null);
  if (backend === null) {
    process.stderr.write("SKIPPED: a lost graphics device, since no graphics adapter was found\n");
    return skip("no graphics adapter");
  }
  const open = () => (tf.backend() as unknown as { device: GPUDevice }).device;
  const error = watchDevice();
  const { maxBufferSize } = open().limits;
  open().createBuffer({ size: maxBufferSize + 16, usage: GPUBufferUsage.STORAGE });
  await vi.waitFor(() => expect(outOfMemory(error())).toBe("broken"));

  let lost = false;
  const progress = ({ step }: { step: number }) => {
    if (lost || step !== 3) return;
    lost = true;
    open().destroy();
  };
  const task = longTask(40, 32);
  const { said, log, steps } = await fit("webgpu", task, backend, { batchSize: 8, checkpointEvery: 2 }, progress);
  expect([steps, said]).toEqual([5, [expect.stringMatching(/^out of memory: .* their size stays, back to step 2$/)]]);
  expect(log.flatMap((entry) => (entry.kind === "step" || entry.kind === "out-of-memory" ? [[entry.kind, entry.step]] : []))).toEqual([
    ["step", 1],
    ["step", 2],
    ["out-of-memory", 2],
    ["step", 3],
    ["step", 4],
    ["step", 5],
  ]);
  closeBackend();
});
