// The real command line, in a process of its own.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, connect, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { CASCADE_WORDS, writeFixtureCascade } from "#models/fixture-cascade";
import { saveNgramPackage } from "#models/package";
import { fixtureModel } from "#serve/guard/fixture-model";

const CORDON = fileURLToPath(new URL("../cordon.ts", import.meta.url));
const BODY = JSON.stringify({ input: "a zorblax" });

let scratch: string;
let model: string;
let cascade: string;
const children: ChildProcess[] = [];

beforeAll(async () => {
  scratch = await mkdtemp(join(tmpdir(), "cordon-serve-"));
  model = join(scratch, "model");
  const fixture = fixtureModel();
  await saveNgramPackage(model, fixture.weights, fixture.manifest);
  ({ cascade } = await writeFixtureCascade(scratch));
});
afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});
afterAll(() => rm(scratch, { recursive: true, force: true }));

function cordon(args: string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, [CORDON, "serve", ...args], { env: { ...process.env, ...env }, stdio: ["ignore", "pipe", "pipe"] });
  children.push(child);
  const output = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) child[name].on("data", (chunk: Buffer) => (output[name] += chunk.toString()));
  // "close" comes after the last output.
  const exit = once(child, "close").then(([code, signal]) => ({ code: code as number | null, signal: signal as string | null }));
  return { child, output, exit };
}

/** Starts a server on a free port; resolves when it says where it listens. */
async function start(args: string[] = [], env: Record<string, string> = {}) {
  const run = cordon(["--model", model, "--port", "0", ...args], env);
  const url = await new Promise<string>((resolve, reject) => {
    run.child.stdout.on("data", () => {
      const found = /http:\/\/[\w.:[\]]+:\d+/.exec(run.output.stdout);
      if (found) resolve(found[0]);
    });
    void run.exit.then(() => reject(new Error(`ended: ${run.output.stderr}`)));
  });
  return { ...run, url, port: Number(new URL(url).port) };
}

/** A request whose body is still missing its last bytes; `finish` sends them and resolves with the whole answer. */
async function halfSent(port: number): Promise<{ socket: Socket; finish: () => Promise<string> }> {
  const socket = connect(port, "127.0.0.1");
  await once(socket, "connect");
  let answer = "";
  socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
  socket.write(
    `POST /v1/moderations HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY.slice(0, 5)}`,
  );
  const finish = async (): Promise<string> => {
    socket.write(BODY.slice(5));
    await once(socket, "close");
    return answer;
  };
  return { socket, finish };
}

const post = (url: string, headers: Record<string, string> = {}) =>
  fetch(`${url}/v1/moderations`, { method: "POST", headers: { "content-type": "application/json", ...headers }, body: BODY });

const flagged = async (response: Response) => ((await response.json()) as { results: { flagged: boolean }[] }).results[0]?.flagged;

describe("cordon serve", () => {
  it.each(["SIGTERM", "SIGINT"] as const)("on %s finishes what is in flight, closes idle connections and exits 0", async (signal) => {
    const { child, exit, url, port, output } = await start();
    expect((await fetch(`${url}/health/ready`)).status).toBe(200);
    const idle = connect(port, "127.0.0.1");
    await once(idle, "connect");
    idle.write("GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n");
    await once(idle, "data");
    const { finish } = await halfSent(port);
    // The server must have seen the request before the signal: it answers later requests in the meantime.
    expect(await flagged(await post(url))).toBe(true);
    child.kill(signal);
    await once(idle, "close");
    const answer = await finish();
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(answer).toContain('"flagged":true');
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(output.stderr).toMatch(/^$|ExperimentalWarning/);
  });

  it("cuts what does not finish in time, says so and exits 0", async () => {
    const { child, exit, port, url, output } = await start(["--stop-timeout", "0.2"]);
    const { socket } = await halfSent(port);
    socket.on("error", () => {});
    await post(url);
    child.kill("SIGTERM");
    expect(await exit).toEqual({ code: 0, signal: null });
    expect(output.stderr).toContain("connections were cut");
  });

  it("is not ready while it drains, and still answers", async () => {
    const { child, exit, url } = await start(["--drain", "5"]);
    child.kill("SIGTERM");
    await expect.poll(async () => (await fetch(`${url}/health/ready`)).status).toBe(503);
    expect((await post(url)).status).toBe(200);
    child.kill("SIGTERM");
    expect(await exit).toEqual({ code: 0, signal: null });
  });

  it("says in one line that the port is in use, and exits 1", async () => {
    const taken = createServer().listen(0, "127.0.0.1");
    await once(taken, "listening");
    const { port } = taken.address() as AddressInfo;
    const { exit, output } = cordon(["--model", model, "--port", String(port)]);
    expect((await exit).code).toBe(1);
    expect(output.stderr).toBe(
      `cordon: cannot listen, the port is in use (127.0.0.1:${port}): choose another --port, or 0 for a free one [serve/cannot-listen]\n`,
    );
    expect(output.stdout).toBe("");
    taken.close();
  });

  it("takes its options from the environment, and asks for the key", async () => {
    const env = { CORDON_THRESHOLD: "0.99", CORDON_API_KEY_ENV: "MY_KEY", MY_KEY: "k1,k2", CORDON_JSON_LOGS: "1", CORDON_SHADOW: "0" };
    const { child, exit, url, output } = await start(["--json"], env);
    expect(JSON.parse(output.stdout)).toEqual({ url, model: "fixture", label: "harmful", threshold: 0.99 });
    expect((await post(url)).status).toBe(401);
    expect(await flagged(await post(url, { authorization: "Bearer k2" }))).toBe(true);
    child.kill("SIGTERM");
    await exit;
    const events = output.stderr
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map((line) => [line.event, line.status])).toEqual([
      ["listening", undefined],
      ["request", 401],
      ["request", 200],
      ["stopped", undefined],
    ]);
    expect(output.stderr).not.toMatch(/zorblax|k1|k2/);
  });

  it("serves a cascade: what its first stage is unsure of is scored by the encoder, and counted", async () => {
    const { child, exit, url, output } = await start(["--model", cascade, "--threads", "1", "--json-logs"]);
    const input = [CASCADE_WORDS.sure, CASCADE_WORDS.unsure, CASCADE_WORDS.innocent, "quiet"].map((word) => `a ${word} day`);
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${url}/v1/moderations`, { method: "POST", headers, body: JSON.stringify({ input }) });
    const { results } = (await response.json()) as { results: { flagged: boolean }[] };
    expect(results.map((result) => result.flagged)).toEqual([true, true, false, false]);
    child.kill("SIGTERM");
    expect((await exit).code).toBe(0);
    const lines = output.stderr.split("\n").filter((line) => line.startsWith("{"));
    const events = lines.map((line) => JSON.parse(line) as { event: string; inputs?: { escalated?: boolean }[] });
    expect(events.find(({ inputs }) => inputs)!.inputs!.map((one) => one.escalated ?? false)).toEqual([false, true, true, false]);
    expect(events.at(-1)).toMatchObject({ event: "stopped", texts: 4, escalated: 2 });
    expect(output.stderr).not.toContain(CASCADE_WORDS.unsure);
  });

  it.each([
    ["a precision that n-grams do not have", ["--model", "MODEL", "--precision", "int8"], {}, /no precisions and no providers/],
    ["no model", [], {}, /--model/],
    ["no package", ["--model", "/nonexistent"], {}, /no model package/],
    ["a key that is not set", ["--model", "MODEL", "--api-key-env", "NO_SUCH_KEY"], {}, /NO_SUCH_KEY is not set/],
    ["a threshold over 1", ["--model", "MODEL"], { CORDON_THRESHOLD: "2" }, /number from 0 to 1/],
    ["a size that is none", ["--model", "MODEL", "--max-body", "big"], {}, /512KB/],
  ])("exits 2 with %s", async (_, args, env, message) => {
    const { exit, output } = cordon(
      args.map((arg) => (arg === "MODEL" ? model : arg)),
      env,
    );
    expect((await exit).code).toBe(2);
    expect(output.stderr).toMatch(message);
  });

  it("describes itself", async () => {
    const { exit, output } = cordon(["--help"]);
    expect((await exit).code).toBe(0);
    expect(output.stdout).toMatch(/env:\s+CORDON_MAX_BODY/);
    expect(output.stdout).toMatch(/Examples:/);
  });
});
