// The real command line, in a process of its own; what no verb does on purpose (a bug, a full disk) in this one.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, describe, expect, it, vi } from "vitest";
import { CordonError } from "#models/errors";
import packageJson from "#package" with { type: "json" };
import { runCli, VERBS } from "./cli.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const scratch = mkdtempSync(join(tmpdir(), "cordon-cli-"));
afterAll(() => rmSync(scratch, { recursive: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

async function run(program: string, args: string[], options: { cwd?: string; closeStdout?: boolean } = {}): Promise<Ended> {
  const child = spawn(program, args, { cwd: options.cwd ?? scratch, stdio: ["ignore", "pipe", "pipe"] });
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].on("data", (chunk: Buffer) => (output[name] += chunk.toString()));
  if (options.closeStdout) child.stdout.destroy();
  const [code] = (await once(child, "close")) as [number | null];
  return { code, ...output };
}

const cordon = (...args: string[]): Promise<Ended> => run(process.execPath, [join(ROOT, "scripts/cordon.js"), ...args]);

describe("cordon", () => {
  it("prints its version", async () => {
    expect(await cordon("--version")).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: "" });
  });

  it("without a verb prints help on stderr, as a usage error", async () => {
    const { code, stdout, stderr } = await cordon();
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^Usage: cordon <verb> \[options\]\n/);
  });

  it.each([[["--help"]], [["-h"]], [["help"]]])("lists every verb on %j, with the exit codes", async (args) => {
    const { code, stdout, stderr } = await cordon(...args);
    expect([code, stderr]).toEqual([0, ""]);
    for (const [name, { summary }] of Object.entries(VERBS)) {
      expect(stdout.replace(/\s+/g, " ")).toContain(` ${name} ${summary}`);
    }
    expect(stdout).toMatch(/^Exit codes: 0 done, 1 failed/m);
    expect(stdout).toMatch(/^Example:/m);
  });

  it("does not mind a reader that leaves", async () => {
    expect(await run(process.execPath, [join(ROOT, "scripts/cordon.js"), "filter", "--help"], { closeStdout: true })).toEqual({
      code: 0,
      stdout: "",
      stderr: "",
    });
  });
});

describe("usage errors exit 2 with one line and a pointer", () => {
  const verbs = "(cordon --help lists the verbs)";
  const options = "(cordon filter --help lists the options)";
  it.each([
    ["an unknown verb", ["fliter", "--model", "x"], "cordon: unknown command 'fliter' (did you mean filter?)", verbs],
    ["an unknown verb with --help", ["nope", "--help"], "cordon: unknown command 'nope'", verbs],
    ["help of an unknown verb", ["help", "nope"], "cordon: unknown command 'nope'", verbs],
    ["the name of a property that is no verb", ["constructor"], "cordon: unknown command 'constructor'", verbs],
    ["an unknown flag before the verb", ["--verbose", "filter"], "cordon: unknown option '--verbose'", options],
    [
      "an unknown flag",
      ["filter", "--model", "m", "--input", "i", "--out", "o", "--treshold", "1"],
      "cordon: unknown option '--treshold' (did you mean --threshold?)",
      options,
    ],
    [
      "a bad value",
      ["filter", "--threshold", "7"],
      "cordon: option '--threshold <p>' argument '7' is invalid. expected a number from 0 to 1.",
      options,
    ],
    [
      "a bad choice",
      ["filter", "--aggregate", "min"],
      "cordon: option '--aggregate <how>' argument 'min' is invalid. Allowed choices are max, mean, topk.",
      options,
    ],
    ["a missing value", ["filter", "--model"], "cordon: option '--model <dir>' argument missing", options],
    ["a missing option", ["filter"], "cordon: required option '--model <dir>' not specified", options],
    [
      "an argument too many",
      ["filter", "x", "--model", "m", "--input", "i", "--out", "o"],
      "cordon: too many arguments for 'filter'. Expected 0 arguments but got 1.",
      options,
    ],
  ])("%s", async (_, args, line, pointer) => {
    expect(await cordon(...args)).toEqual({ code: 2, stdout: "", stderr: `${line}\n${pointer}\n` });
  });

  it("a file that is not there", async () => {
    const { code, stdout, stderr } = await cordon("filter", "--model", "no-such-model", "--input", "i", "--out", "o", "--threshold", "0.5");
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^cordon: .*no-such-model.* \[usage\/missing-file\]\n$/);
  });
});

describe.each(Object.entries(VERBS))("cordon %s", (name, { summary }) => {
  it("has a help with the summary of `cordon --help`, defaults, --json and examples whose options exist", async () => {
    const { code, stdout, stderr } = await cordon(name, "--help");
    expect([code, stderr]).toEqual([0, ""]);
    const [usage, , description] = stdout.split("\n");
    expect(usage).toMatch(new RegExp(`^Usage: cordon ${name} `));
    expect(description).toBe(summary);
    expect(stdout).toMatch(/\(default: /);
    expect(stdout).toMatch(/^ +--json /m);
    const [options, examples] = stdout.split(/^Examples?:\n/m);
    expect(examples).toMatch(new RegExp(`^  (\\S+=\\S+ )?cordon ${name}\\b`, "m"));
    for (const flag of examples!.match(/(?<=\s)--[a-z0-9-]+/g) ?? []) expect(options).toContain(` ${flag}`);
  });
});

describe("what goes wrong inside a verb", () => {
  afterEach(() => {
    delete VERBS["probe"];
    vi.restoreAllMocks();
    process.exitCode = undefined;
  });

  /** Exit code and stderr of a verb that does `action`. */
  async function failing(action: () => void): Promise<[number, string]> {
    VERBS["probe"] = { summary: "", load: async () => ({ register: (program) => void program.command("probe").action(action) }) };
    const written = vi.spyOn(process.stderr, "write").mockReturnValue(true);
    const code = await runCli(["probe"]);
    return [code, written.mock.calls.map(([text]) => text).join("")];
  }

  const thrown = (error: unknown) =>
    failing(() => {
      throw error;
    });

  it("a user's error is one line with its code, and exits as its table says", async () => {
    const error = new CordonError("data/unreadable", "cut off", {
      where: "a\nb.jsonl:3",
      hint: "copy it again",
      cause: new Error("inner"),
    });
    expect(await thrown(error)).toEqual([1, "cordon: cut off (a b.jsonl:3): copy it again [data/unreadable]\n"]);
    expect((await thrown(new CordonError("model/no-such-label", "no label")))[0]).toBe(2);
  });

  it("the operating system's error is one line", async () => {
    const error = Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC", syscall: "write", errno: -28 });
    expect(await thrown(error)).toEqual([1, "cordon: ENOSPC: no space left on device, write\n"]);
  });

  it("a bug shows its stack, but not what a parser quotes", async () => {
    const [code, text] = await thrown(new TypeError("x is not a function"));
    expect(code).toBe(1);
    expect(text).toMatch(/^cordon: internal error, please report it: TypeError: x is not a function\n +at /);
    const [, quoted] = await failing(() => void JSON.parse("{secret words"));
    expect(quoted).toMatch(/internal error, please report it: SyntaxError\n +at /);
    expect(quoted).not.toContain("secret");
  });

  it("a verb that sets the exit code keeps it", async () => {
    expect(await failing(() => void (process.exitCode = 1))).toEqual([1, ""]);
  });
});

describe("cordon.js", () => {
  const launcher = join(ROOT, "scripts/cordon.js");

  it("says in one line that the dependencies are not installed", async () => {
    const bare = join(scratch, "bare");
    for (const file of ["package.json", "scripts/cordon.js", "scripts/cordon.ts", "scripts/cli.ts", "models/errors.ts"]) {
      mkdirSync(join(bare, file, ".."), { recursive: true });
      cpSync(join(ROOT, file), join(bare, file));
    }
    expect(await run(process.execPath, [join(bare, "scripts/cordon.js"), "--version"])).toEqual({
      code: 1,
      stdout: "",
      stderr: "cordon: its dependencies are not installed: run `npm ci` in its folder\n",
    });
  });

  it("is what npx runs in the checkout, and may be executed", async () => {
    expect(join(ROOT, packageJson.bin.cordon)).toBe(launcher);
    expect((await run(launcher, ["--version"])).stdout).toBe(`${packageJson.version}\n`);
  });

  it("starts the dependency's Node on an older one, or says in one line what is missing", async ({ skip }) => {
    const old = await olderNode();
    if (old === undefined) return skip("no Node older than 24 in the PATH");
    expect(await run(old, [launcher, "--version"])).toEqual({ code: 0, stdout: `${packageJson.version}\n`, stderr: "" });
    expect((await run(old, [launcher, "nope"])).code).toBe(2);
    const alone = join(scratch, "alone/scripts/cordon.js");
    cpSync(launcher, alone);
    cpSync(join(ROOT, "package.json"), join(scratch, "alone/package.json"));
    const { code, stderr } = await run(old, [alone, "--version"]);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^cordon: needs Node 24 or newer and this is [\d.]+: .*npm ci.*\n$/);
  });
});

/** A Node of the machine that is too old for Cordon. */
async function olderNode(): Promise<string | undefined> {
  for (const folder of new Set(process.env["PATH"]?.split(delimiter))) {
    const node = join(folder, "node");
    if (existsSync(node) && Number.parseInt((await run(node, ["-p", "process.versions.node"])).stdout, 10) < 24) return node;
  }
  return undefined;
}
