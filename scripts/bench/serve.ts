// What the guardrail costs: requests a second of `cordon serve` against those of an empty Fastify route that parses the
// same JSON and answers with a small one, on the same core in the same run, in turns. Medians over the rounds. The load
// comes from another core, and the servers' own CPU time is read beside it: where the server was not busy throughout,
// the load generator or the machine was the limit, and CPU time a request is the honest figure.
//   node scripts/cordon.ts bench serve --model DIR
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import autocannon from "autocannon";
import Fastify from "fastify";
import { CordonError } from "#models/errors";

export interface ServeBenchOptions {
  /** Folder of the model package. */
  model: string;
  /** Measured seconds a round, after one of warm-up; default 4. */
  seconds?: number;
  /** Rounds of each server; default 5. */
  rounds?: number;
  /** Open connections; default 50. */
  connections?: number;
  /** Told what is going on. */
  onProgress?: (text: string) => void;
}

export interface RouteFigures {
  /** Median over the rounds. */
  requestsPerSecond: number;
  /** Milliseconds, median over the rounds. */
  p50: number;
  p99: number;
  /** Server CPU microseconds a request, and the share of the time that it was busy, 0 to 1; null where /proc is missing. */
  cpuMicroseconds: number | null;
  busy: number | null;
}

export interface ServeBenchResult {
  empty: RouteFigures;
  guard: RouteFigures;
  /** Median over the rounds of guard / empty, of requests a second and (upside down) of CPU time a request. */
  ratio: number;
  cpuRatio: number | null;
  rounds: number;
  seconds: number;
  connections: number;
  meanTextLength: number;
  /** Whether server and load were pinned to different cores. */
  pinned: boolean;
}

const SELF = fileURLToPath(import.meta.url);
const CORDON = fileURLToPath(new URL("../cordon.ts", import.meta.url));

/** Chat messages as an application sends them, from one line to a paragraph. */
const TEXTS = [
  "Can you recommend a good recipe for lentil soup?",
  "What's the capital of Mongolia, and how cold does it get there in January?",
  "I wrote a short story about a lighthouse keeper who collects clocks. Could you check the grammar and tell me where it drags?",
  "My laptop shuts down whenever I plug in the second monitor. I already updated the drivers and tried another cable. What else could it be?",
  "thanks!! that worked :)",
  "Summarise this for my manager: the release slipped by two days because the integration tests were flaky, we found the race, and the fix is being reviewed. " +
    "Nobody outside the team was affected. We will run the whole suite three times over the weekend and ship on Monday morning if it stays green.",
  "Write a limerick about a penguin who wants to learn the trombone.",
  "How do I tell my landlord politely that the heating has been broken for a week and that I would like some of the rent back?",
];
/** Every text of a connection's cycle is another, so that no cache along the way makes it easier than real traffic. */
const VARIATIONS = 2000;
const BODIES = Array.from({ length: VARIATIONS }, (_, i) =>
  JSON.stringify({ input: `${TEXTS[i % TEXTS.length]} ${(i * 7919) % 10_007}`, model: "omni-moderation-latest" }),
);

/**
 * Measures both servers in turns.
 * @throws CordonError where a server does not start or answers with anything but 200
 */
export async function benchServe(options: ServeBenchOptions): Promise<ServeBenchResult> {
  const { model, seconds = 4, rounds = 5, connections = 50, onProgress = () => {} } = options;
  const pinned = canPin();
  if (pinned) spawnSync("taskset", ["-acp", "1", String(process.pid)]);
  const servers: Server[] = [];
  try {
    const empty = await start([SELF], "/", pinned);
    servers.push(empty);
    const guard = await start([CORDON, "serve", "--model", model, "--port", "0"], "/v1/moderations", pinned);
    servers.push(guard);
    const runs: Record<"empty" | "guard", Round[]> = { empty: [], guard: [] };
    for (const server of servers) await load(server, connections, 1);
    for (let round = 0; round < rounds; round++) {
      // The order alternates, so that a machine that slows down slows both.
      const order = [
        ["empty", empty],
        ["guard", guard],
      ] as const;
      for (const [name, server] of round % 2 === 0 ? order : order.toReversed()) {
        const figures = await load(server, connections, seconds);
        runs[name].push(figures);
        onProgress(`round ${round + 1}/${rounds}, ${name}: ${Math.round(figures.requestsPerSecond)} requests/s`);
      }
    }
    const each = (value: (guard: Round, empty: Round) => number) => median(runs.guard.map((g, i) => value(g, runs.empty[i]!)));
    return {
      empty: medians(runs.empty),
      guard: medians(runs.guard),
      ratio: each((g, e) => g.requestsPerSecond / e.requestsPerSecond),
      cpuRatio: runs.guard[0]!.cpuMicroseconds === null ? null : each((g, e) => e.cpuMicroseconds! / g.cpuMicroseconds!),
      rounds,
      seconds,
      connections,
      meanTextLength: Math.round(TEXTS.reduce((sum, text) => sum + text.length, 0) / TEXTS.length),
      pinned,
    };
  } finally {
    for (const { child } of servers) child.kill("SIGTERM");
    if (pinned) spawnSync("taskset", ["-acp", `0-${availableParallelism() - 1}`, String(process.pid)]);
  }
}

interface Server {
  child: ChildProcess;
  url: string;
}

type Round = RouteFigures;

async function start(args: string[], path: string, pinned: boolean): Promise<Server> {
  const [command, ...rest] = [...(pinned ? ["taskset", "-c", "0"] : []), process.execPath, ...args];
  const child = spawn(command!, rest, { stdio: ["ignore", "pipe", "inherit"] });
  const address = await new Promise<string>((resolve, reject) => {
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
      const found = /http:\/\/[\w.:[\]]+:\d+/.exec(output);
      if (found) resolve(found[0]);
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new CordonError("serve/cannot-listen", `the server to measure ended with exit code ${code}`)));
  });
  return { child, url: address + path };
}

async function load({ child, url }: Server, connections: number, seconds: number): Promise<Round> {
  const cpuBefore = cpuSeconds(child.pid);
  const started = performance.now();
  const requests = BODIES.map((body) => ({ method: "POST" as const, headers: { "content-type": "application/json" }, body }));
  const result = await autocannon({ url, connections, duration: seconds, requests });
  const elapsed = (performance.now() - started) / 1000;
  const cpuAfter = cpuSeconds(child.pid);
  if (result.errors > 0 || result.non2xx > 0) {
    throw new CordonError("eval/unusable-result", `${result.errors} failed and ${result.non2xx} refused requests`, { where: url });
  }
  const cpu = cpuBefore === null || cpuAfter === null ? null : cpuAfter - cpuBefore;
  return {
    requestsPerSecond: result["2xx"] / result.duration,
    p50: result.latency.p50,
    p99: result.latency.p99,
    cpuMicroseconds: cpu === null ? null : (cpu * 1e6) / result["2xx"],
    busy: cpu === null ? null : cpu / elapsed,
  };
}

/** CPU seconds of a process so far, in user and in system mode (Linux: hundredths, proc(5)); null elsewhere. */
function cpuSeconds(pid: number | undefined): number | null {
  const path = `/proc/${pid}/stat`;
  if (!existsSync(path)) return null;
  const fields = readFileSync(path, "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

function canPin(): boolean {
  return availableParallelism() > 1 && spawnSync("taskset", ["-V"]).status === 0;
}

function medians(rounds: readonly Round[]): RouteFigures {
  const of = (key: keyof Round): number | null => {
    const values = rounds.map((round) => round[key]);
    return values.includes(null) ? null : median(values as number[]);
  };
  return {
    requestsPerSecond: of("requestsPerSecond")!,
    p50: of("p50")!,
    p99: of("p99")!,
    cpuMicroseconds: of("cpuMicroseconds"),
    busy: of("busy"),
  };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

// As a program of its own: the empty route.
if (import.meta.main) {
  const server = Fastify();
  const schema = { response: { 200: { type: "object", properties: { ok: { type: "boolean" } } } } };
  server.post("/", { schema }, (_, reply) => reply.send({ ok: true }));
  process.stdout.write(`${await server.listen({ host: "127.0.0.1", port: 0 })}\n`);
}
