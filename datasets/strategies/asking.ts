// How strategies put their questions: units of work that each make a few rows, many at a time, in order.
import type { Candidate, FailedRow } from "#datasets/candidate";
import type { Asker, Prompt } from "#datasets/generators/asker";
import { looksLikeRefusal } from "#datasets/generators/refusal";
import type { StrategyContext } from "./context.ts";
import { orderedParallel } from "./ordered-parallel.ts";
import { type Aim, type Asked, failedRow } from "./row.ts";

/** Makes some rows, or tells that they failed; it rests on no other unit. */
export type Unit = () => Promise<Candidate[]>;

const WINDOW = 64;

export async function* runUnits(
  units: Iterable<Unit> | AsyncIterable<Unit>,
  { window = WINDOW }: StrategyContext,
): AsyncGenerator<Candidate> {
  for await (const candidates of orderedParallel(units, window, (unit) => unit())) yield* candidates;
}

type Answered<T> = { state: "answered"; value: T; asked: Asked };
/** What becomes of the rows that were to be made of an answer: failed, never guessed. */
type Missed = { state: "missed"; failed: FailedRow[] };

/**
 * A text that declines to be written is a refusal too, unless one was asked for: as a harmful example it would be mislabelled.
 * @param aims the rows that rest on the answer
 * @throws CordonError
 */
export async function ask<T>(
  context: StrategyContext,
  generator: string,
  prompt: Prompt<T>,
  aims: readonly Aim[],
  sample = 0,
  mayDecline = false,
): Promise<Answered<T> | Missed> {
  let answer = await askerOf(context).ask(generator, prompt, sample);
  if (answer.state === "answered" && !mayDecline && declines(answer.value)) {
    answer = { state: "refused", reason: "the model declined", origin: answer.origin };
  }
  if (answer.state === "answered") return { state: "answered", value: answer.value, asked: { prompt, origin: answer.origin } };
  return { state: "missed", failed: aims.map((aim) => failedRow(aim, answer)) };
}

function declines(value: unknown): boolean {
  const { text } = value as { text?: unknown };
  return typeof text === "string" && looksLikeRefusal(text);
}

export function askerOf({ asker }: StrategyContext): Asker {
  if (asker === undefined) throw new Error("askerOf: requires an asker where a strategy names a generator, got none");
  return asker;
}
