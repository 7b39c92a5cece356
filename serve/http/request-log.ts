// The log: one JSON line a request, with its id, status, time, and of each input the length, the scores and a keyed hash
// by which the same text can be found again. Never the text, not even a snippet of it.
import { createHmac, randomBytes } from "node:crypto";
import type { Verdict } from "#serve/guard/verdict";

/** Bytes held before a write, and how long a line may wait for one. */
const FLUSH_AT = 16_384;
const FLUSH_MS = 200;

export interface RequestRecord {
  id: string;
  method: string;
  /** The route, not the URL: a URL can carry text. */
  route: string;
  status: number;
  ms: number;
  /** The error's code in the table of errors.ts. */
  error?: string;
}

export class RequestLog {
  readonly #write: (lines: string) => void;
  readonly #key: string | Buffer;
  #pending = "";
  #timer: NodeJS.Timeout | undefined;

  /**
   * @param write takes whole lines
   * @param key of the hashes; without one a random key is drawn, and hashes compare within this process only
   */
  constructor(write: (lines: string) => void, key?: string) {
    this.#write = write;
    this.#key = key ?? randomBytes(32);
  }

  /** A line about the server itself. */
  event(event: string, fields: Record<string, unknown> = {}): void {
    this.#line({ time: new Date().toISOString(), event, ...fields });
  }

  request(record: RequestRecord, moderation?: Moderation): void {
    this.#line({ time: new Date().toISOString(), event: "request", ...record, ...(moderation && this.#describe(moderation)) });
  }

  /** Writes what is held back. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#pending === "") return;
    const lines = this.#pending;
    this.#pending = "";
    this.#write(lines);
  }

  #describe({ texts, verdicts, labels }: Moderation): object {
    return {
      inputs: texts.map((text, i) => {
        const verdict = verdicts[i];
        const input = { length: text.length, hash: createHmac("sha256", this.#key).update(text).digest("hex").slice(0, 16) };
        if (verdict === undefined) return input;
        if (verdict.state === "undetermined") return { ...input, state: verdict.state, reason: verdict.reason };
        const scores = Object.fromEntries(labels.map((label, k) => [label, Number(verdict.scores[k]!.toFixed(4))]));
        const { detected, enforced, label, threshold, span, disguise, escalated } = verdict;
        return {
          ...input,
          detected,
          enforced,
          label,
          threshold,
          span: [span.start, span.end],
          ...(disguise.length > 0 && { disguise }),
          ...(escalated && { escalated }),
          scores,
        };
      }),
    };
  }

  #line(fields: object): void {
    this.#pending += `${JSON.stringify(fields)}\n`;
    if (this.#pending.length >= FLUSH_AT) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), FLUSH_MS).unref();
  }
}

/** What was scored for a request; `length` in the log is in UTF-16 units. */
export interface Moderation {
  texts: readonly string[];
  verdicts: readonly Verdict[];
  labels: readonly string[];
}
