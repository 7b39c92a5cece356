// Runs a server until it is told to stop: it says so at /health/ready, takes no new connections, lets what is in flight
// finish, closes kept-alive connections as they fall idle, and after a time limit cuts the rest.
import type { FastifyInstance } from "fastify";
import type { Readiness } from "./server.ts";

export interface StopOptions {
  /** Milliseconds in which it still takes connections but is not ready, so that load balancers can turn away; default 0. */
  drainMs?: number;
  /** Milliseconds for requests in flight, then their connections are cut. */
  timeoutMs: number;
}

/** What ended the run; `cut` where connections had to be cut. */
export interface Stopped {
  signal: NodeJS.Signals;
  cut: boolean;
}

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Resolves when a signal has come and the server has closed. A second signal cuts what is left at once. */
export async function untilStopped(server: FastifyInstance, readiness: Readiness, options: StopOptions): Promise<Stopped> {
  let hurry = (): void => {};
  const hurried = new Promise<void>((resolve) => (hurry = resolve));
  let onSignal: (signal: NodeJS.Signals) => void = () => {};
  const signal = await new Promise<NodeJS.Signals>((resolve) => {
    let first = true;
    onSignal = (name) => {
      if (!first) return hurry();
      first = false;
      resolve(name);
    };
    for (const name of SIGNALS) process.on(name, onSignal);
  });

  readiness.state = "draining";
  if (options.drainMs) await Promise.race([sleep(options.drainMs), hurried]);
  const closed = server.close().then(() => "closed" as const);
  // A connection whose request was in flight is kept alive after its answer: it is closed as soon as it is idle.
  const sweep = setInterval(() => server.server.closeIdleConnections(), 50);
  const ended = await Promise.race([closed, sleep(options.timeoutMs), hurried]);
  if (ended !== "closed") server.server.closeAllConnections();
  await closed;
  clearInterval(sweep);
  for (const name of SIGNALS) process.off(name, onSignal);
  return { signal, cut: ended !== "closed" };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms).unref());
}
