import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, expect, test } from "vitest";
import { closeBackend, openBackend } from "./backend.ts";
import { matrixPeak } from "./matrix-peak.ts";
import { tf } from "./tf.ts";

const run = promisify(execFile);
const FILE = fileURLToPath(new URL("./backend.ts", import.meta.url));

/** A process that opens a back end, uses it, closes it and has to end by itself. */
async function open(name: string, env: Record<string, string> = {}): Promise<{ opened?: unknown; error?: string; ended: string }> {
  const script = `
    const { openBackend, closeBackend } = await import(${JSON.stringify(FILE)});
    const { tf } = await import(${JSON.stringify(new URL("./tf.ts", import.meta.url).href)});
    try {
      const opened = await openBackend(${JSON.stringify(name)});
      const [sum] = await tf.tidy(() => tf.ones([3, 3]).matMul(tf.ones([3, 3])).sum()).data();
      closeBackend();
      console.log(JSON.stringify({ opened, ended: String(sum) }));
    } catch (error) {
      console.log(JSON.stringify({ error: error.code + ": " + error.message, ended: "failed" }));
    }`;
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
    timeout: 25_000,
    env: { ...process.env, ...env },
  });
  return JSON.parse(stdout.trim().split("\n").at(-1)!);
}

afterAll(() => closeBackend());

test("wasm opens, computes and lets its process end", async () => {
  expect(await open("wasm")).toMatchObject({ opened: { name: "wasm", software: false }, ended: "27" });
});

test("webgpu without a driver is told in one line, and auto goes on to another back end", async () => {
  const none = { VK_DRIVER_FILES: "/nowhere/icd.json" };
  if (process.platform !== "linux") return;
  expect((await open("webgpu", none)).error).toMatch(/^train\/no-backend: .* \(--backend webgpu\): install .*VK_DRIVER_FILES/);
  expect((await open("auto", none)).opened).toMatchObject({ name: expect.stringMatching(/wasm|tensorflow/) });
});

test("tensorflow, where it is not installed, is told with what to install", async () => {
  const outcome = await open("tensorflow");
  if (outcome.opened === undefined) {
    expect(outcome.error).toBe(
      "train/no-backend: the back end is not installed (--backend tensorflow): npm install @tensorflow/tfjs-node-gpu (CUDA) or @tensorflow/tfjs-node",
    );
  } else {
    expect(outcome).toMatchObject({ opened: { name: "tensorflow" }, ended: "27" });
  }
});

test("leaves no handler of errors behind, opens again after it is closed, and measures its peak", async () => {
  const events = ["uncaughtException", "unhandledRejection"];
  const before = events.map((event) => process.listenerCount(event));
  await openBackend("wasm");
  closeBackend();
  await openBackend("wasm");
  expect(events.map((event) => process.listenerCount(event))).toEqual(before);
  const { gflops } = await matrixPeak();
  expect(gflops).toBeGreaterThan(0.5);
  expect(tf.memory().numTensors).toBe(0);
});
