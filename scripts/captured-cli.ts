// For tests: the command line in this process, with what it prints. Faster than a process of its own (spawn-cordon.ts).
import { vi } from "vitest";
import { runCli } from "./cli.ts";

export interface Captured {
  code: number;
  stdout: string;
  stderr: string;
}

export async function capturedCli(args: string[]): Promise<Captured> {
  const printed = { stdout: "", stderr: "" };
  process.exitCode = undefined;
  const spies = (["stdout", "stderr"] as const).map((name) =>
    vi.spyOn(process[name], "write").mockImplementation((text) => ((printed[name] += String(text)), true)),
  );
  try {
    return { code: await runCli(args), ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
