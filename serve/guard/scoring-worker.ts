// The thread behind ScoringThread: one Guard with every stage of the model.
import { parentPort, workerData } from "node:worker_threads";
import { openScorer, type ScorerOptions } from "#models/scorer";
import { Guard, type GuardedModel, type GuardOptions } from "./guard.ts";
import type { ScoringJob, ScoringReply } from "./scoring-thread.ts";

export interface ScoringSetup {
  served: GuardedModel;
  guard: GuardOptions;
  scorer: ScorerOptions;
}

const { served, guard: guardOptions, scorer } = workerData as ScoringSetup;
const guard = new Guard(served, guardOptions, await openScorer(served.model, scorer));
guard.warmUp();

const reply = (message: ScoringReply): void => parentPort!.postMessage(message);

parentPort!.on("message", (job: ScoringJob) => {
  // The main thread has answered for it already.
  if (Date.now() >= job.deadline) return;
  reply({ ready: false, id: job.id, verdicts: guard.moderate(job.texts) });
});
reply({ ready: true });
