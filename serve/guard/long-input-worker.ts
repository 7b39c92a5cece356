// The thread behind LongInputs: one Guard over the shared weights.
import { parentPort, workerData } from "node:worker_threads";
import { Guard, type GuardedModel, type GuardOptions } from "./guard.ts";
import type { LongInputJob, LongInputReply } from "./long-inputs.ts";

const { served, options } = workerData as { served: GuardedModel; options: GuardOptions };
const guard = new Guard(served, options);
guard.warmUp();

const reply = (message: LongInputReply): void => parentPort!.postMessage(message);

parentPort!.on("message", (job: LongInputJob) => {
  // The main thread has answered for it already.
  if (Date.now() >= job.deadline) return;
  reply({ ready: false, id: job.id, verdicts: guard.moderate(job.texts) });
});
reply({ ready: true });
