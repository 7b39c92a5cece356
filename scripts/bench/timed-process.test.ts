import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { median, timeProcess } from "./timed-process.ts";

test("times a process and all its threads, and keeps its stdout apart", async () => {
  const dir = mkdtempSync(join(tmpdir(), "cordon-timed-"));
  const busy = "const t = process.cpuUsage(); while (process.cpuUsage(t).user < 3e5); process.stdout.write('out')";
  const times = await timeProcess([process.execPath, "-e", busy], { pinned: true, stdout: join(dir, "out.txt") });
  expect(readFileSync(join(dir, "out.txt"), "utf8")).toBe("out");
  expect(times.cpuSeconds).toBeGreaterThan(0.29);
  expect(times.seconds).toBeGreaterThanOrEqual(0.29);
  if (process.platform === "linux") expect(times.peakRssMb).toBeGreaterThan(20);
  rmSync(dir, { recursive: true });
});

test("a process that fails is an error with its last line", async () => {
  await expect(timeProcess([process.execPath, "-e", "console.error('why'); process.exit(3)"])).rejects.toThrow(/code 3.*why/);
  await expect(timeProcess(["no-such-program"])).rejects.toThrow(/code 127/);
});

test("median", () => {
  expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
});
