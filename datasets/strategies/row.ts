// How strategies write their rows: an id made of all that made the row, and a full lineage.
import type { Candidate, FailedRow } from "#datasets/candidate";
import type { Example, Operation, Turn } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import type { Answer, Origin } from "#datasets/generators/asker";

/** What is to be written, known before anything is. */
export interface Aim {
  /** `rephrase/lecture`: the name of the last operation. */
  name: string;
  topic: string;
  label: 0 | 1;
  categories: Example["categories"];
  unknown: Example["unknown"];
  lang?: string;
  /** Splits are drawn by these: every variant of a seed names it. */
  seedIds: string[];
  /** Ids of rows. */
  parents?: string[];
  pair?: string | undefined;
  license: string;
  /** The recipe's seed. */
  seed: number;
  /** What the row was drawn with: axes, form, number of the variant. */
  params: Record<string, unknown>;
}

/** A prompt and who answered it. */
export interface Asked {
  prompt: { name: string; version: number };
  origin: Origin;
}

/** Of what the strategies write without a language model; raised where the same seed would give other texts. */
const FORMS_VERSION = 1;

/** What was written: the text alone, or the turns of which it is. */
export interface Written {
  text: string;
  turns?: Turn[];
  /** What was asked and who answered; nothing where the grammar wrote. */
  asked?: Asked;
  /** What came before the last operation. */
  before?: Operation[];
}

/** An aim that was met. The row's split is drawn by the gates. */
export function rowOf(aim: Aim, written: Written): Candidate & { state: "row" } {
  const { name, seed, params } = aim;
  const op: Operation = { version: FORMS_VERSION, ...(written.asked === undefined ? {} : step(written.asked)), name, seed, params };
  const lineage = { seedIds: aim.seedIds, parents: aim.parents ?? [], ops: [...(written.before ?? []), op] };
  const id = `s-${textId(JSON.stringify([name, aim.label, written.text, written.turns ?? null, lineage]))}`;
  const row: Example = {
    id,
    text: written.text,
    label: aim.label,
    categories: aim.categories,
    unknown: aim.unknown,
    lang: aim.lang ?? "en",
    synthetic: true,
    source: name.split("/")[0]!,
    topic: aim.topic,
    ...(written.turns === undefined ? {} : { turns: written.turns }),
    ...(aim.pair === undefined ? {} : { pair: aim.pair }),
    lineage,
    license: aim.license,
  };
  return { state: "row", row };
}

/** An aim that was missed: the model declined or did not answer as asked. */
export function failedRow(aim: Aim, answer: Exclude<Answer<unknown>, { state: "answered" }>): FailedRow {
  const { name, topic, label, seedIds } = aim;
  return {
    state: "failed",
    id: `f-${textId(JSON.stringify([name, label, topic, seedIds, aim.parents ?? [], aim.pair ?? null, aim.params]))}`,
    cell: { topic, label, strategy: name },
    gate: answer.state === "refused" ? "refusal" : "generator",
    reason: answer.reason,
    seedIds,
  };
}

/** An operation on the way to a row, by the prompt that was asked. */
export function step({ prompt, origin }: Asked): Operation {
  return { name: prompt.name, version: prompt.version, model: origin.model, promptSha256: origin.promptSha256 };
}

/** The name that the two sides of a pair share. */
export function pairId(...made: unknown[]): string {
  return `p-${textId(JSON.stringify(made))}`;
}
