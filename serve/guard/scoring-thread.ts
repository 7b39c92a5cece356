// Scores in a worker thread, one request after the other, what would hold up the main thread's event loop: long inputs, and
// what an encoder must score. The worker shares the weights of n-grams (no second copy) and runs the same Guard, so a
// verdict does not depend on where it was reached. The queue is bounded and each request has a deadline.
import { Worker } from "node:worker_threads";
import { revived } from "#models/errors";
import type { ScorerOptions } from "#models/scorer";
import type { GuardedModel, GuardOptions } from "./guard.ts";
import type { ScoringSetup } from "./scoring-worker.ts";
import { undetermined, type Verdict } from "./verdict.ts";

export interface ScoringThreadOptions {
  guard?: GuardOptions;
  /** How an encoder is run. */
  scorer?: ScorerOptions;
  /** Requests that may wait or run, the next is "overloaded"; default 32. */
  queue?: number;
  /** Milliseconds from arrival to verdict, then "timed-out"; default 10000. */
  timeoutMs?: number;
}

/** To the worker. `deadline` is in milliseconds since the epoch: work whose client has gone is not done. */
export interface ScoringJob {
  id: number;
  texts: readonly string[];
  deadline: number;
}

/** From the worker; without `verdicts` it is up. */
export type ScoringReply = { ready: true } | { ready: false; id: number; verdicts: Verdict[] };

interface Waiting {
  count: number;
  resolve: (verdicts: Verdict[]) => void;
  timer: NodeJS.Timeout;
}

export class ScoringThread {
  readonly #setup: ScoringSetup;
  readonly #queue: number;
  readonly #timeoutMs: number;
  readonly #waiting = new Map<number, Waiting>();
  #worker: Promise<Worker> | undefined;
  #nextId = 0;
  #stopped = false;

  constructor(served: GuardedModel, options: ScoringThreadOptions = {}) {
    // Of the manifest only what the guard needs; loadPackage puts the weights in shared memory.
    const { name, thresholds, aggregate } = served.manifest;
    const { guard = {}, scorer = {} } = options;
    this.#setup = { served: { manifest: { name, thresholds, aggregate }, model: served.model }, guard, scorer };
    this.#queue = options.queue ?? 32;
    this.#timeoutMs = options.timeoutMs ?? 10_000;
  }

  /** Starts the worker, resolves when it has warmed up. Rejects with what kept it from starting. */
  async start(): Promise<void> {
    await (this.#worker ??= this.#spawn());
  }

  /** One verdict a text, in order. Resolves always: what cannot be scored, or not in time, is undetermined. */
  async moderate(texts: readonly string[]): Promise<Verdict[]> {
    if (this.#stopped || this.#waiting.size >= this.#queue) return texts.map(() => undetermined("overloaded"));
    const id = this.#nextId++;
    const result = new Promise<Verdict[]>((resolve) => {
      const timer = setTimeout(() => this.#settle(id, "timed-out"), this.#timeoutMs);
      this.#waiting.set(id, { count: texts.length, resolve, timer });
    });
    const job: ScoringJob = { id, texts, deadline: Date.now() + this.#timeoutMs };
    try {
      const worker = await (this.#worker ??= this.#spawn());
      worker.postMessage(job);
    } catch {
      this.#settle(id, "scorer-failed");
    }
    return result;
  }

  /** Ends the worker; what still waits is undetermined. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const id of this.#waiting.keys()) this.#settle(id, "timed-out");
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.then(
      (w) => w.terminate(),
      () => undefined,
    );
  }

  #settle(id: number, answer: Verdict[] | "timed-out" | "scorer-failed"): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    clearTimeout(waiting.timer);
    waiting.resolve(Array.isArray(answer) ? answer : Array.from({ length: waiting.count }, () => undetermined(answer)));
  }

  #spawn(): Promise<Worker> {
    const worker = new Worker(new URL("./scoring-worker.ts", import.meta.url), { workerData: this.#setup });
    return new Promise((resolve, reject) => {
      worker.on("message", (reply: ScoringReply) => {
        if (reply.ready) resolve(worker);
        else this.#settle(reply.id, reply.verdicts);
      });
      // Whatever kills the worker fails what waits for it; the next request starts another.
      let alive = true;
      const lost = (cause?: unknown): void => {
        if (!alive) return;
        alive = false;
        this.#worker = undefined;
        for (const id of this.#waiting.keys()) this.#settle(id, "scorer-failed");
        reject(revived(cause) ?? new Error("ScoringThread: the worker thread ended"));
      };
      worker.on("error", lost);
      worker.on("exit", () => lost());
    });
  }
}
