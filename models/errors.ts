// Every error that a user of the command line can cause, in one table, with its exit code (the endpoint's are in
// serve/http/errors.ts).
// Messages say what, where (file:line, never the text itself) and what to do.

export const ERRORS = {
  "usage/bad-option": { exit: 2 },
  "usage/missing-file": { exit: 2 },
  "usage/output-exists": { exit: 2 },
  "data/malformed-row": { exit: 1 },
  "data/unreadable": { exit: 1 },
  "data/too-few-examples": { exit: 1 },
  "seal/no-key": { exit: 2 },
  "seal/wrong-key": { exit: 2 },
  "seal/damaged": { exit: 1 },
  "trace/unknown-id": { exit: 1 },
  "generate/over-budget": { exit: 1 },
  "generate/endpoint-rejected": { exit: 2 },
  "generate/endpoint-failed": { exit: 1 },
  "generate/local-model": { exit: 1 },
  "generate/interrupted": { exit: 1 },
  "model/damaged": { exit: 1 },
  "model/too-new": { exit: 1 },
  "model/no-such-label": { exit: 2 },
  "model/other-kind": { exit: 2 },
  "model/no-provider": { exit: 2 },
  "model/unsupported": { exit: 2 },
  "model/other-tensors": { exit: 1 },
  "hub/offline": { exit: 1 },
  "hub/not-found": { exit: 2 },
  "hub/failed": { exit: 1 },
  "train/no-backend": { exit: 2 },
  "train/other-run": { exit: 2 },
  "train/out-of-memory": { exit: 1 },
  "train/diverged": { exit: 1 },
  "train/interrupted": { exit: 1 },
  "filter/shard-failed": { exit: 1 },
  "filter/other-run": { exit: 2 },
  "eval/unusable-result": { exit: 1 },
  "gate/not-met": { exit: 1 },
  "inspect/alarm": { exit: 1 },
  "serve/cannot-listen": { exit: 1 },
} as const;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorDetails {
  /** `file:line`, a folder, a flag or an address. */
  where?: string;
  /** What the user can do about it. */
  hint?: string;
  cause?: unknown;
}

/** A user's mistake or a failure in the world outside, told in one line. Programmer errors stay plain `Error`s. */
export class CordonError extends Error {
  override readonly name = "CordonError";
  readonly code: ErrorCode;
  readonly where: string | undefined;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, what: string, details: ErrorDetails = {}) {
    const where = details.where === undefined ? "" : ` (${details.where})`;
    const hint = details.hint === undefined ? "" : `: ${details.hint}`;
    super(`${what}${where}${hint}`, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.where = details.where;
    this.hint = details.hint;
  }

  /** Exit code of the command line: 1 failed or a gate not met, 2 usage. */
  get exit(): 1 | 2 {
    return ERRORS[this.code].exit;
  }
}

/** An error as it comes out of a worker thread, where it has lost its class but not its code; undefined for what is no error. */
export function revived(error: unknown): Error | undefined {
  if (!(error instanceof Error) || error instanceof CordonError) return error instanceof Error ? error : undefined;
  const { code } = error as { code?: unknown };
  return typeof code === "string" && Object.hasOwn(ERRORS, code)
    ? new CordonError(code as ErrorCode, error.message, { cause: error })
    : error;
}
