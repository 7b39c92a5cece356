// What every client of a web service does when an exchange fails: tell what may pass from what will not, wait as the server
// asks (RFC 9110, section 10.2.3, and the `retry-after-ms` of OpenAI's) or longer each time, and give up in the end.
import { setTimeout as sleep } from "node:timers/promises";
import { CordonError } from "#models/errors";

/** A failure that another attempt may not meet. */
export class TransferError extends Error {
  override readonly name: string = "TransferError";
  /** Whether something was gained before it failed. */
  readonly progressed: boolean;
  /** How long the server asks to wait, ms. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, details: { progressed?: boolean; retryAfterMs?: number | undefined; cause?: unknown } = {}) {
    super(message, { cause: details.cause });
    this.progressed = details.progressed ?? false;
    this.retryAfterMs = details.retryAfterMs;
  }
}

export interface RetryPolicy {
  /** Failures in a row, without anything gained, before giving up. */
  attempts: number;
  /** First pause between attempts, ms; it doubles. */
  backoffMs: number;
  /** Told of each retry. */
  notify: (error: TransferError, pauseMs: number) => void;
  /** The error for the last failure. */
  giveUp: (error: TransferError, why: string) => Error;
  signal?: AbortSignal;
}

const MAX_PAUSE_MS = 30_000;
/** A server that asks for longer is not waited for. */
const MAX_RETRY_AFTER_MS = 300_000;
const MAX_ROUNDS = 200;

/** Runs an attempt until it succeeds, fails for good, or fails `attempts` times in a row without gaining anything. */
export async function withRetries<T>(policy: RetryPolicy, attempt: () => Promise<T>): Promise<T> {
  let failures = 0;
  for (let round = 1; ; round++) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      failures = error.progressed ? 1 : failures + 1;
      const wait = error.retryAfterMs ?? 0;
      if (wait > MAX_RETRY_AFTER_MS) throw policy.giveUp(error, `${error.message}, and asks to wait ${Math.ceil(wait / 1000)} s`);
      if (failures >= policy.attempts || round >= MAX_ROUNDS) throw policy.giveUp(error, error.message);
      // Jitter keeps clients that failed together from coming back together. It never reaches a result.
      const pause = Math.max(wait, Math.min(policy.backoffMs * 2 ** (failures - 1), MAX_PAUSE_MS) * (0.75 + Math.random() / 2));
      policy.notify(error, pause);
      await sleep(pause, undefined, policy.signal === undefined ? {} : { signal: policy.signal });
    }
  }
}

/** What fetch or its body threw, as an error that may be tried again where it may. @param who "the hub" */
export function transferError(error: unknown, who: string, progressed = false): Error {
  if (error instanceof CordonError) return error;
  if (error instanceof TransferError) return progressed ? new TransferError(error.message, { progressed, cause: error }) : error;
  if (!(error instanceof Error)) return new Error(String(error));
  const cause = error.cause as { code?: unknown } | undefined;
  const network = error instanceof TypeError || typeof cause?.code === "string";
  if (!network) return error;
  const code = typeof cause?.code === "string" ? ` [${cause.code}]` : "";
  return new TransferError(progressed ? `the connection was cut${code}` : `${who} cannot be reached${code}`, { progressed, cause: error });
}

/** Whether a status is of the kind that passes: a conflict or time-out, too many requests, a failure of the server's. */
export function mayPass(status: number): boolean {
  return status === 408 || status === 409 || status === 429 || status >= 500;
}

/** How long the server asks to wait, in milliseconds from now: `retry-after-ms`, or `retry-after` in seconds or as a date. */
export function retryAfter(headers: Headers, now = Date.now()): number | undefined {
  const number = /^\s*\d+(\.\d+)?\s*$/;
  const ms = headers.get("retry-after-ms");
  if (ms !== null && number.test(ms)) return Number(ms);
  const value = headers.get("retry-after");
  if (value === null) return undefined;
  if (number.test(value)) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
