// Requests to a Hugging Face hub: redirects followed by hand, so that the token goes to the hub's host alone; idle
// time-outs. Messages name the data set or model and the file, never an address, which may be signed.
import { cacheFolder } from "#datasets/files/cache-folder";
import { mayPass, retryAfter, type RetryPolicy, TransferError, transferError, withRetries } from "#datasets/http/retry";
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
    cacheDir: cacheFolder("hub", env),
    offline: /^(1|true|yes|on)$/i.test(env["HF_HUB_OFFLINE"] ?? ""),
    idleMs: 30_000,
    attempts: 6,
    backoffMs: 500,
    notify: () => {},
    ...overrides,
  };
}

const MAX_REDIRECTS = 10;
/** The other side, in messages. */
export const HUB = "the hub";

/** Runs an attempt with the settings' patience. @param what names the file in messages */
export async function retrying<T>(settings: HubSettings, what: string, attempt: () => Promise<T>): Promise<T> {
  const policy: RetryPolicy = {
    attempts: settings.attempts,
    backoffMs: settings.backoffMs,
    notify: (error, pause) => settings.notify(`${what}: ${error.message}; again in ${(pause / 1000).toFixed(1)} s`),
    giveUp: (cause, why) =>
      new CordonError("hub/failed", `${what} could not be fetched: ${why}`, {
        hint: "try again later (a download goes on where it stopped), or set HF_HUB_OFFLINE=1 to use the cache alone",
        cause,
      }),
  };
  return await withRetries(policy, attempt);
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
    throw transferError(error, HUB);
  }
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
        ? "check the name; for what is private or gated, set HF_TOKEN"
        : "check the name, and that HF_TOKEN is valid and may read it";
    throw new CordonError("hub/not-found", `${what}: the hub knows nothing of that name, or does not show it [401]`, { hint });
  }
  if (status === 403) {
    throw new CordonError("hub/failed", `${what}: the hub refuses access [403]`, {
      hint: "accept its terms on its page, and set HF_TOKEN of that account",
    });
  }
  if (status === 404) throw new CordonError("hub/not-found", `${what}: the hub has nothing of that name [404]`, { hint: "check the name" });
  const message = `the hub answered ${status}`;
  if (mayPass(status)) throw new TransferError(message, { retryAfterMs: retryAfter(response.headers) });
  throw new CordonError("hub/failed", `${what} could not be fetched: ${message}`);
}
