// Every error that a user can cause, in one table: its exit code on the command line and its HTTP status.
// Messages say what, where (file:line, never the text itself) and what to do.

const ERRORS = {
  "usage/bad-option": { exit: 2, status: 400 },
  "usage/missing-file": { exit: 2, status: 400 },
  "usage/output-exists": { exit: 2, status: 409 },
  "data/malformed-row": { exit: 1, status: 400 },
  "data/unreadable": { exit: 1, status: 400 },
  "data/too-few-examples": { exit: 1, status: 400 },
  "model/damaged": { exit: 1, status: 500 },
  "model/too-new": { exit: 1, status: 500 },
  "model/no-such-label": { exit: 2, status: 400 },
  "hub/offline": { exit: 1, status: 503 },
  "hub/not-found": { exit: 2, status: 404 },
  "hub/failed": { exit: 1, status: 502 },
  "filter/shard-failed": { exit: 1, status: 500 },
  "filter/other-run": { exit: 2, status: 409 },
  "eval/unusable-result": { exit: 1, status: 400 },
  "gate/not-met": { exit: 1, status: 500 },
  "serve/cannot-listen": { exit: 1, status: 500 },
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

  /** HTTP status of the guardrail endpoint. */
  get status(): number {
    return ERRORS[this.code].status;
  }
}
