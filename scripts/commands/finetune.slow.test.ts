// A fine-tuning that is killed again and again ends with the log and the package of one that was not.
import { existsSync, readFileSync, statSync } from "node:fs";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { Random } from "#models/random";
import { spawnCordon } from "#scripts/spawn-cordon";
import { loadTrainingState } from "#train/encoder/training-state";
import { readLog } from "#train/encoder/training-log";
import { toyLines } from "./fixture-finetune.ts";

const ARGS = [
  "--data",
  "data.jsonl",
  "--backend",
  "wasm",
  "--size",
  "tiny",
  "--max-tokens",
  "32",
  "--learning-rate",
  "0.01",
  "--epochs",
  "12",
];
const OFTEN = ["--patience", "0", "--log-every", "1", "--checkpoint-every", "3", "--name", "toy"];

let scratch: string;
const at = (...names: string[]) => join(scratch, ...names);
const start = (out: string, ...more: string[]) => spawnCordon(["finetune", ...ARGS, ...OFTEN, "--out", out, ...more], scratch);
const CHECKPOINT = () => at("killed.partial/checkpoint.safetensors");
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "cordon-finetune-kill-"));
  await writeFile(at("data.jsonl"), toyLines(1200));
});
afterAll(() => rm(scratch, { recursive: true }));

it("killed by SIGKILL at any moment, it goes on from its checkpoint to the same bytes", async () => {
  expect((await start("whole").ended).code).toBe(0);
  const random = new Random(5, "kills");
  let kills = 0;
  const from: number[] = [];
  let ended = false;
  while (!ended) {
    const { child, output, ended: end } = start("killed");
    if (kills < 6) {
      // Once it has got on by a checkpoint, at any moment of the next steps; some while a checkpoint is being written.
      const written = () => statSync(CHECKPOINT(), { throwIfNoEntry: false })?.mtimeMs;
      const before = written();
      while (child.exitCode === null && written() === before) await wait(5);
      await wait(random.below(300));
      child.kill("SIGKILL");
      kills++;
    }
    ended = (await end).code === 0;
    from.push(Number(/going on from the checkpoint at step (\d+)/.exec(output.stderr)?.[1] ?? 0));
  }
  // It was set back to a later step each time.
  expect(new Set(from).size).toBe(from.length);
  expect(from.length).toBeGreaterThan(3);
  expect(await readFile(at("killed.training.jsonl"), "utf8")).toBe(await readFile(at("whole.training.jsonl"), "utf8"));
  for (const name of ["cordon.json", "model.safetensors", "onnx/model_quantized.onnx"])
    expect((await readFile(at("killed", name))).equals(await readFile(at("whole", name))), name).toBe(true);
  expect((await readdir(scratch)).filter((name) => name.includes("partial"))).toEqual([]);
});

it.each(["SIGTERM", "SIGINT"] as const)("%s is obeyed in the middle of an epoch, with a checkpoint of that step", async (signal) => {
  const out = signal.toLowerCase();
  // Thousands of steps without a checkpoint, an evaluation or anything else that waits.
  const epoch = ["--batch-size", "1", "--checkpoint-every", "0", "--evaluations", "1"];
  const { child, ended } = start(out, ...epoch);
  const log = at(`${out}.training.jsonl`);
  while (child.exitCode === null && (!existsSync(log) || readFileSync(log, "utf8").split("\n").length < 20)) await wait(20);
  const sent = performance.now();
  child.kill(signal);
  expect((await ended).code).toBe(1);
  expect(performance.now() - sent).toBeLessThan(2000);
  const { step, best } = (await loadTrainingState(at(`${out}.partial/checkpoint.safetensors`)))!.state;
  expect(best).toBeNull();
  expect(step).toBeGreaterThan(15);
  expect(readLog(log).at(-1)).toMatchObject({ kind: "step", step });
});

it("Ctrl-C writes a checkpoint; other options refuse it, --fresh does not", async () => {
  const { child, output, ended } = start("stopped");
  while (!existsSync(at("stopped.partial/checkpoint.safetensors")) && child.exitCode === null) await wait(20);
  child.kill("SIGINT");
  const { code, stderr } = await ended;
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/stopping after this step.*\n(.*\n)*cordon: stopped: run it again.* \[train\/interrupted\]\n$/),
  ]);
  expect(output.stdout).toBe("");
  expect(existsSync(at("stopped"))).toBe(false);
  const other = await start("stopped", "--weight-decay", "0.2").ended;
  expect([other.code, other.stderr]).toEqual([
    2,
    expect.stringMatching(/of other data, options or weights .*checkpoint\.safetensors.*--fresh.*\[train\/other-run\]\n$/),
  ]);
  const fresh = await start("stopped", "--weight-decay", "0.2", "--fresh").ended;
  expect(fresh.code).toBe(0);
});
