// Requests to a Hugging Face hub: redirects followed by hand, so that the token goes to the hub's host alone; idle
// time-outs; retries with backoff. Messages name the data set and the file, never an address, which may be signed.
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { CordonError } from "#models/errors";

export interface HubSettings {
  endpoint: URL;
  token: string | undefined;
  cacheDir: string;
  /** Only the cache is read. */
  offline: boolean;
  /** A connection that gives nothing for so long is cut, ms. */
  idleMs: number;
  /** Failures in a row, without a byte gained, before giving up. */
  attempts: number;
  /** First pause between attempts, ms; it doubles. */
  backoffMs: number;
  /** Told of each retry. */
  notify: (line: string) => void;
}

/** Settings from the environment: HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE=1, CORDON_CACHE (default ~/.cache/cordon). */
export function hubSettings(overrides: Partial<HubSettings> = {}, env: NodeJS.ProcessEnv = process.env): HubSettings {
  const address = env["HF_ENDPOINT"] || "https://huggingface.co";
  const endpoint = URL.canParse(address) ? new URL(address) : undefined;
  if (endpoint === undefined || !/^https?:$/.test(endpoint.protocol)) {
    throw new CordonError("usage/bad-option", "HF_ENDPOINT is not a web address", { hint: "such as https://huggingface.co" });
  }
  return {
    endpoint,
    token: env["HF_TOKEN"] || undefined,
    cacheDir: join(env["CORDON_CACHE"] || join(homedir(), ".cache", "cordon"), "hub"),
    offline: /^(1|true|yes|on)$/i.test(env["HF_HUB_OFFLINE"] ?? ""),
    idleMs: 30_000,
    attempts: 6,
    backoffMs: 500,
    notify: () => {},
    ...overrides,
  };
}

/** A failure that another attempt may not meet. */
export class TransferError extends Error {
  override readonly name = "TransferError";
  /** Whether bytes were gained before it failed. */
  readonly progressed: boolean;
  /** How long the server asks to wait, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: { progressed?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause: details.cause });
    this.progressed = details.progressed ?? false;
    this.retryAfterMs = details.retryAfterMs;
  }
}

const MAX_REDIRECTS = 10;
const MAX_PAUSE_MS = 30_000;
/** A server that asks for longer is not waited for. */
const MAX_RETRY_AFTER_MS = 300_000;
const MAX_ROUNDS = 200;

/** Runs an attempt until it succeeds, fails for good, or fails `attempts` times in a row without gaining anything. */
export async function withRetries<T>(settings: HubSettings, what: string, attempt: () => Promise<T>): Promise<T> {
  let failures = 0;
  for (let round = 1; ; round++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      failures = error.progressed ? 1 : failures + 1;
      const wait = error.retryAfterMs;
      if (failures >= settings.attempts || round >= MAX_ROUNDS || (wait ?? 0) > MAX_RETRY_AFTER_MS) {
        const why =
          (wait ?? 0) > MAX_RETRY_AFTER_MS ? `${error.message}, and the hub asks to wait ${Math.ceil(wait! / 1000)} s` : error.message;
        throw new CordonError("hub/failed", `${what} could not be fetched: ${why}`, {
          hint: "try again later (a download goes on where it stopped), or set HF_HUB_OFFLINE=1 to use the cache alone",
          cause: error,
        });
      }
      const backoff = Math.min(settings.backoffMs * 2 ** (failures - 1), MAX_PAUSE_MS) * (0.75 + Math.random() / 2);
      const pause = Math.max(wait ?? 0, backoff);
      settings.notify(`${what}: ${error.message}; again in ${(pause / 1000).toFixed(1)} s`);
      await sleep(pause);
    }
  }
}

/** What the hub says of a large file while it redirects to where the bytes are. */
export interface Linked {
  /** The content's SHA-256, or another tag. */
  etag: string | undefined;
  bytes: number | undefined;
}

export interface Reply {
  response: Response;
  linked: Linked;
  /** Starts the idle clock anew; to be called with every chunk. */
  alive: () => void;
  /** Ends the exchange, whether or not the body was read. */
  close: () => void;
}

/**
 * One GET, redirects followed.
 * @param stopAt ends at a redirect that already tells enough; its response is then the redirect
 * @throws TransferError for what may pass, CordonError hub/not-found or hub/failed for what will not
 */
export async function get(
  settings: HubSettings,
  what: string,
  address: URL,
  headers: Record<string, string> = {},
  stopAt: (linked: Linked) => boolean = () => false,
): Promise<Reply> {
  const abort = new AbortController();
  const clock = setTimeout(() => abort.abort(new TransferError(`nothing came for ${settings.idleMs / 1000} s`)), settings.idleMs);
  const close = () => {
    clearTimeout(clock);
    abort.abort();
  };
  const linked: Linked = { etag: undefined, bytes: undefined };
  let url = address;
  try {
    for (let hop = 0; hop <= MAX_REDIRECTS; hop++) {
      const response = await fetch(url, {
        headers: { ...headers, ...authorization(settings, url) },
        redirect: "manual",
        signal: abort.signal,
      });
      clock.refresh();
      const etag = response.headers.get("x-linked-etag");
      const size = response.headers.get("x-linked-size");
      if (etag !== null) linked.etag = etag;
      if (size !== null && /^\d+$/.test(size)) linked.bytes = Number(size);
      const isRedirect = [301, 302, 303, 307, 308].includes(response.status);
      if (!isRedirect || stopAt(linked)) {
        if (!isRedirect) checkStatus(settings, what, url, response);
        return { response, linked, alive: () => void clock.refresh(), close };
      }
      await response.body?.cancel();
      url = redirected(what, url, response.headers.get("location"));
    }
    throw new CordonError("hub/failed", `${what} could not be fetched: the hub redirects without end`);
  } catch (error) {
    close();
    throw transferError(error);
  }
}

/** What fetch or its body threw, as an error that may be tried again. */
export function transferError(error: unknown, progressed = false): Error {
  if (error instanceof CordonError) return error;
  if (error instanceof TransferError) return progressed ? new TransferError(error.message, { progressed, cause: error }) : error;
  if (!(error instanceof Error)) return new Error(String(error));
  const cause = error.cause as { code?: unknown } | undefined;
  const network = error instanceof TypeError || typeof cause?.code === "string";
  if (!network) return error;
  const code = typeof cause?.code === "string" ? ` [${cause.code}]` : "";
  return new TransferError(progressed ? `the connection was cut${code}` : `the hub cannot be reached${code}`, { progressed, cause: error });
}

function authorization(settings: HubSettings, url: URL): Record<string, string> {
  return settings.token !== undefined && url.origin === settings.endpoint.origin ? { authorization: `Bearer ${settings.token}` } : {};
}

function redirected(what: string, from: URL, location: string | null): URL {
  const to = location !== null && URL.canParse(location, from) ? new URL(location, from) : undefined;
  if (to !== undefined && (to.protocol === "https:" || (to.protocol === "http:" && from.protocol === "http:"))) return to;
  throw new CordonError("hub/failed", `${what} could not be fetched: the hub redirects to where it may not`);
}

function checkStatus(settings: HubSettings, what: string, url: URL, response: Response): void {
  const { status } = response;
  // 416 answers a range that begins at or beyond the end; the download sorts it out.
  if (status < 300 || status === 304 || status === 416) return;
  // A store that the hub redirects to refuses a signature that has run out: the next attempt gets a new one.
  if (url.origin !== settings.endpoint.origin && (status === 401 || status === 403))
    throw new TransferError(`the hub's store answered ${status}`);
  if (status === 401) {
    const hint =
      settings.token === undefined
        ? "check the name; for a private or gated set, set HF_TOKEN"
        : "check the name, and that HF_TOKEN is valid and may read it";
    throw new CordonError("hub/not-found", `${what}: the hub knows no such data set, or does not show it [401]`, { hint });
  }
  if (status === 403) {
    throw new CordonError("hub/failed", `${what}: the hub refuses access [403]`, {
      hint: "accept the data set's terms on its page, and set HF_TOKEN of that account",
    });
  }
  if (status === 404)
    throw new CordonError("hub/not-found", `${what}: the hub has no such data set or file [404]`, { hint: "check the name" });
  const message = `the hub answered ${status}`;
  if (status === 408 || status === 429 || status >= 500) {
    throw new TransferError(message, { retryAfterMs: retryAfter(response.headers.get("retry-after")) });
  }
  throw new CordonError("hub/failed", `${what} could not be fetched: ${message}`);
}

/** Seconds, or a date (RFC 9110, section 10.2.3), as milliseconds from now. */
export function retryAfter(value: string | null, now = Date.now()): number | undefined {
  if (value === null) return undefined;
  if (/^\s*\d+(\.\d+)?\s*$/.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
