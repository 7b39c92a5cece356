// For tests: the real command line in a process of its own, under the Node that `npm ci` brings.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));
const OWN_NODE = path("../node_modules/.bin/node");

export interface Ended {
  /** Exit code; null where a signal ended it. */
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  child: ChildProcess;
  /** What it has printed so far. */
  output: { stdout: string; stderr: string };
  /** Resolves after the last output. */
  ended: Promise<Ended>;
}

export function spawnCordon(args: string[], cwd: string): Running {
  const child = spawn(existsSync(OWN_NODE) ? OWN_NODE : process.execPath, [path("cordon.ts"), ...args], {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].on("data", (chunk: Buffer) => (output[name] += chunk.toString()));
  return { child, output, ended: once(child, "close").then(([code]) => ({ code: code as number | null, ...output })) };
}
