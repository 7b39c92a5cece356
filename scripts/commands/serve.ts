// cordon serve: the guardrail, a model package behind OpenAI's moderation API (serve/http/README.md). Every option is
// also an environment variable CORDON_*; a flag wins over the variable.
import { InvalidArgumentError, Option, type Command } from "commander";
import type { FastifyInstance } from "fastify";
import { availableParallelism } from "node:os";
import { CordonError } from "#models/errors";
import { loadPackage } from "#models/package";
import { LONG_INPUT, Moderator } from "#serve/guard/moderator";
import { RequestLog } from "#serve/http/request-log";
import { buildServer, SERVER_DEFAULTS, type Readiness } from "#serve/http/server";
import { untilStopped } from "#serve/http/stop";
import { integerIn, numberIn, printResult } from "#scripts/output";
import { type ScorerFlags, scorerFlags, scorerOptions } from "#scripts/scorer-options";

interface ServeOptions extends ScorerFlags {
  model: string;
  host: string;
  port: number;
  threshold?: number;
  apiKeyEnv?: string;
  maxBody: number;
  maxInputs: number;
  longInput: number;
  shadow?: boolean;
  asIs?: boolean;
  jsonLogs?: boolean;
  logKeyEnv?: string;
  drain: number;
  stopTimeout: number;
  json?: boolean;
}

/** A switch and its variable. */
const SWITCHES = { shadow: "CORDON_SHADOW", asIs: "CORDON_AS_IS", jsonLogs: "CORDON_JSON_LOGS" } as const;

const HELP = `
Every option can be given as an environment variable: --max-body is CORDON_MAX_BODY, and so on; a switch is off where
its variable is 0 or false. Sizes take KB, MB and GB (1024-based). The address goes to stdout, logs go to stderr.
SIGTERM and SIGINT let requests in flight finish, then exit 0; a second signal cuts them.

Examples:
  cordon serve --model runs/pipeline/model --port 8787
  curl -s localhost:8787/v1/moderations -H 'content-type: application/json' -d '{"input":"hello"}'
  GUARD_KEY=… cordon serve --model runs/pipeline/model --host 0.0.0.0 --api-key-env GUARD_KEY --json-logs
`;

export function register(program: Command): void {
  const command = program.command("serve").description("Serve a model package as a guardrail, with OpenAI's moderation API.");
  const withVariable = (made: Option): Option => made.env(`CORDON_${made.attributeName().replace(/[A-Z]/g, "_$&").toUpperCase()}`);
  const option = (flags: string, text: string): Option => {
    return withVariable(new Option(flags, text));
  };
  const [precision, provider, threads] = scorerFlags("one for each core but one").map(withVariable);
  command
    .addOption(option("--model <dir>", "folder of the model package").makeOptionMandatory())
    .addOption(option("--host <address>", "address to listen on").default("127.0.0.1"))
    .addOption(option("--port <n>", "port to listen on; 0 takes a free one and prints it").argParser(integerIn(0, 65_535)).default(8787))
    .addOption(
      option("--threshold <p>", "probability, 0 to 1, from which a text is flagged (default: the package's)").argParser(numberIn(0, 1)),
    )
    .addOption(
      option(
        "--api-key-env <name>",
        "environment variable that holds the API key, or several, separated by commas (default: no key asked for)",
      ),
    )
    .addOption(option("--max-body <size>", "largest request body").argParser(byteSize).default(SERVER_DEFAULTS.maxBody, "1MB"))
    .addOption(
      option("--max-inputs <n>", "most texts in one request").argParser(integerIn(1, 1_000_000)).default(SERVER_DEFAULTS.maxInputs),
    )
    .addOption(
      option(
        "--long-input <n>",
        "characters of text in a request above which it is scored in a thread of its own, so as not to hold up others",
      )
        .argParser(integerIn(0, 2 ** 30))
        .default(LONG_INPUT),
    )
    .addOption(precision!)
    .addOption(provider!)
    .addOption(threads!)
    .addOption(option("--shadow", "score and log, but flag nothing"))
    .addOption(
      option("--as-is", "score texts as they stand: look-alike and invisible characters are not undone, encoded payloads not read"),
    )
    .addOption(option("--json-logs", "a JSON line a request on stderr: lengths, scores, keyed hashes, never the text"))
    .addOption(option("--log-key-env <name>", "environment variable that holds the key of the log's hashes (default: a random key a run)"))
    .addOption(option("--drain <seconds>", "seconds of not being ready before it stops listening").argParser(numberIn(0, 3600)).default(0))
    .addOption(
      option("--stop-timeout <seconds>", "seconds that requests in flight may take to finish").argParser(numberIn(0, 3600)).default(10),
    )
    .option("--json", "print the address as JSON")
    .addHelpText("after", HELP)
    .action(async (options: ServeOptions) => {
      for (const [name, variable] of Object.entries(SWITCHES) as [keyof typeof SWITCHES, string][]) {
        if (command.getOptionValueSource(name) === "env" && isOff(process.env[variable])) options[name] = false;
      }
      await serve(options);
    });
}

async function serve(options: ServeOptions): Promise<void> {
  const apiKeys =
    secret(options.apiKeyEnv, "--api-key-env")
      ?.split(",")
      .map((key) => key.trim())
      .filter((key) => key !== "") ?? [];
  const logKey = secret(options.logKeyEnv, "--log-key-env");
  const model = await loadPackage(options.model);
  const guardOptions = {
    enforce: !options.shadow,
    asIs: options.asIs ?? false,
    ...(options.threshold !== undefined && { threshold: options.threshold }),
  };
  // One core is left for the event loop.
  const scorer = scorerOptions(options, Math.max(1, availableParallelism() - 1));
  const moderator = new Moderator(model, { guard: guardOptions, scorer, longInput: options.longInput });
  const { guard } = moderator;
  const log = options.jsonLogs ? new RequestLog((lines) => process.stderr.write(lines), logKey) : undefined;
  const readiness: Readiness = { state: "starting" };
  const { maxBody, maxInputs } = options;
  const onFault = (id: string, fault: string): void => {
    if (log === undefined) process.stderr.write(`cordon: internal error in ${id}: ${fault}\n`);
    else log.event("fault", { id, fault });
  };
  const given = { maxBody, maxInputs, apiKeys, onFault };
  const server = buildServer(moderator, readiness, { ...SERVER_DEFAULTS, ...given, ...(log && { log }) });
  try {
    const url = await listen(server, options.host, options.port);
    const stopping = untilStopped(server, readiness, { drainMs: options.drain * 1000, timeoutMs: options.stopTimeout * 1000 });
    await moderator.start();
    if (readiness.state === "starting") readiness.state = "ready";

    const thresholds = Object.fromEntries(guard.labels.map((label, i) => [label, guard.thresholds[i]]));
    log?.event("listening", { url, model: guard.name, thresholds, shadow: options.shadow === true });
    if (apiKeys.length === 0 && !isLoopback(options.host)) {
      process.stderr.write(`cordon: ${options.host} can be reached from other machines and no API key is asked for (--api-key-env)\n`);
    }
    const threshold = guard.thresholds[0]!;
    printResult(options, { url, model: guard.name, label: guard.labels[0], threshold }, `${guard.name} listening on ${url}`);

    const stopped = await stopping;
    log?.event("stopped", { ...stopped, ...(model.model.kind === "cascade" && moderator.counts) });
    if (stopped.cut) process.stderr.write("cordon: connections were cut before their requests had finished\n");
  } finally {
    await moderator.stop();
    await server.close();
    log?.flush();
  }
}

/** Starts listening; the address that clients use. */
async function listen(server: FastifyInstance, host: string, port: number): Promise<string> {
  const shown = host.includes(":") ? `[${host}]` : host;
  try {
    await server.listen({ host, port });
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const reason = code === undefined ? undefined : LISTEN_ERRORS[code];
    if (reason === undefined) throw cause;
    throw new CordonError("serve/cannot-listen", reason.what, { where: `${shown}:${port}`, hint: reason.hint, cause });
  }
  const address = server.server.address();
  return `http://${shown}:${typeof address === "object" && address !== null ? address.port : port}`;
}

const LISTEN_ERRORS: Record<string, { what: string; hint: string }> = {
  EADDRINUSE: { what: "cannot listen, the port is in use", hint: "choose another --port, or 0 for a free one" },
  EACCES: { what: "cannot listen, not permitted", hint: "ports below 1024 need privileges, choose another --port" },
  EADDRNOTAVAIL: { what: "cannot listen, this machine has no such address", hint: "see --host" },
  ENOTFOUND: { what: "cannot listen, the host name is unknown", hint: "see --host" },
  EAI_AGAIN: { what: "cannot listen, the host name cannot be looked up", hint: "see --host" },
};

/** The value of the environment variable that an option names. */
function secret(name: string | undefined, flag: string): string | undefined {
  if (name === undefined) return undefined;
  const value = process.env[name]?.trim();
  if (value) return value;
  throw new CordonError("usage/bad-option", `the environment variable ${name} is not set`, {
    where: flag,
    hint: "it must hold the key itself",
  });
}

function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || host.startsWith("127.");
}

function isOff(value: string | undefined): boolean {
  return value === "" || value === "0" || value?.toLowerCase() === "false";
}

const UNITS: Record<string, number> = { "": 1, B: 1, KB: 2 ** 10, MB: 2 ** 20, GB: 2 ** 30 };

function byteSize(value: string): number {
  const [, number, unit] = /^(\d+(?:\.\d+)?) *([KMG]?B?)$/i.exec(value.trim()) ?? [];
  const factor = UNITS[unit?.toUpperCase() ?? "-"] ?? UNITS[`${unit?.toUpperCase()}B`];
  const bytes = Math.round(Number(number) * (factor ?? NaN));
  if (!(bytes >= 1 && bytes <= 2 ** 30)) throw new InvalidArgumentError("expected a size from 1B to 1GB, such as 512KB or 1MB.");
  return bytes;
}
