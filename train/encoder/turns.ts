// Turns of the event loop for work that computes for minutes. On back ends that compute at once every await is a microtask, and a
// scorer is synchronous: without a turn neither a signal nor a timer would be served before the end.

/** Between two turns; long beside what one costs, short for someone who waits. */
const EVERY_MS = 50;

export class Turns {
  readonly #signal: AbortSignal | undefined;
  #last = performance.now();

  constructor(signal?: AbortSignal) {
    this.#signal = signal;
  }

  /** To be awaited between pieces of work. @throws the signal's reason where it has been aborted */
  async take(): Promise<void> {
    if (performance.now() - this.#last >= EVERY_MS) {
      await new Promise((resolve) => setImmediate(resolve));
      this.#last = performance.now();
    }
    this.#signal?.throwIfAborted();
  }
}
