// A whole process, timed: wall clock and CPU seconds, start-up included, pinned to the first core on request.
import { spawn, spawnSync } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { CordonError } from "#models/errors";

export interface ProcessTimes {
  seconds: number;
  /** User and system time of the process and its threads. */
  cpuSeconds: number;
  /** Highest resident memory that was seen (Linux, VmHWM every 20 ms); null elsewhere. */
  peakRssMb: number | null;
}

export interface ProcessOptions {
  /** Runs on core 0 alone. */
  pinned?: boolean;
  /** File for its stdout; none by default. */
  stdout?: string;
}

// `times` of the shell gives the CPU time of what it ran, to a hundredth of a second.
const SHELL = '"$@" >&3 & pid=$!; echo "pid $pid"; wait $pid; code=$?; times; exit $code';

/** Runs a command to its end. @throws CordonError where it fails */
export async function timeProcess(command: readonly string[], { pinned = false, stdout }: ProcessOptions = {}): Promise<ProcessTimes> {
  const pin = pinned && canPin() ? ["taskset", "-c", "0"] : [];
  const target = openSync(stdout ?? "/dev/null", "w");
  const started = performance.now();
  const child = spawn("sh", ["-c", SHELL, "sh", ...pin, ...command], { stdio: ["ignore", "pipe", "pipe", target] });
  closeSync(target);
  let output = "";
  let errors = "";
  let peakRssMb: number | null = null;
  child.stdout!.on("data", (chunk: Buffer) => (output += chunk.toString()));
  child.stderr!.on("data", (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-2000)));
  const watch = setInterval(() => {
    const pid = /^pid (\d+)/.exec(output)?.[1];
    if (pid !== undefined) peakRssMb = Math.max(peakRssMb ?? 0, highWaterMb(pid) ?? 0) || null;
  }, 20);
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  clearInterval(watch);
  const seconds = (performance.now() - started) / 1000;
  if (code !== 0)
    throw new CordonError("eval/unusable-result", `${command.slice(0, 3).join(" ")} ended with code ${code}`, {
      where: errors.trim().split("\n").at(-1) ?? "",
    });
  const [user, system] = (output.trim().split("\n").at(-1) ?? "").split(" ").map(minutesAndSeconds);
  return { seconds, cpuSeconds: user! + system!, peakRssMb };
}

export function canPin(): boolean {
  return spawnSync("taskset", ["-V"]).status === 0;
}

/** `0m1.25s` as seconds. */
function minutesAndSeconds(text: string): number {
  const match = /^(\d+)m([\d.]+)s$/.exec(text);
  return match === null ? Number.NaN : Number(match[1]) * 60 + Number(match[2]);
}

function highWaterMb(pid: string): number | null {
  const path = `/proc/${pid}/status`;
  try {
    const kilobytes = existsSync(path) ? /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(path, "utf8"))?.[1] : undefined;
    return kilobytes === undefined ? null : Number(kilobytes) / 1000;
  } catch {
    return null; // it ended in between
  }
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
