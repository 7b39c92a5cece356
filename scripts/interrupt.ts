// Ctrl-C, once: the work is asked to end in good order. A second one ends it at once, as it would without this.
import type { CordonError } from "#models/errors";

const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/**
 * @param error what the work is to fail with
 * @param then called at once, to end what waits
 */
export function onInterrupt(error: CordonError, then: () => void): { signal: AbortSignal; stop: () => void } {
  const controller = new AbortController();
  const stop = () => {
    for (const name of SIGNALS) process.off(name, interrupt);
  };
  const interrupt = () => {
    stop();
    controller.abort(error);
    then();
  };
  for (const name of SIGNALS) process.on(name, interrupt);
  return { signal: controller.signal, stop };
}
