// Rows and runs of the gates for their tests: real files in a folder that the test deletes. For tests only.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Candidate } from "#datasets/candidate";
import type { Example } from "#datasets/example";
import { collect } from "#datasets/files/collect";
import { readObjects } from "#datasets/files/json-lines";
import { readExamples } from "#datasets/files/read-examples";
import { gatesSchema } from "./config.ts";
import type { Drop } from "./gate.ts";
import { DROPS_FILE, type GateContext, type Passed, passGates } from "./pass-gates.ts";

let next = 0;

/** A row with an id of its own. */
export function fixtureRow(text: string, label: 0 | 1 = 0, over: Partial<Example> = {}): Example {
  return {
    id: `r${next++}`,
    text,
    label,
    categories: label === 1 ? ["hate"] : [],
    unknown: [],
    lang: "en",
    synthetic: true,
    topic: "hate",
    lineage: { seedIds: ["s/1"], parents: [], ops: [{ name: "grammar/act", version: 1 }] },
    ...over,
  };
}

/** The lineage of a row that a language model wrote. */
export const WRITTEN: Pick<Example, "lineage"> = {
  lineage: { seedIds: ["s/1"], parents: [], ops: [{ name: "constitution", version: 1, model: "m", promptSha256: "0" }] },
};

/** Passes rows, or candidates, through the gates and reads back what was written. */
export async function passRows(
  rows: Iterable<Example | Candidate>,
  gates: object = {},
  context: Omit<GateContext, "config" | "seed"> = {},
): Promise<Passed & { kept: Example[]; drops: Drop[] }> {
  const folder = await mkdtemp(join(tmpdir(), "cordon-gates-"));
  try {
    const candidates = [...rows].map((row): Candidate => ("state" in row ? row : { state: "row", row }));
    const passed = await passGates(candidates, folder, { config: gatesSchema.parse(gates), seed: 1, ...context });
    const drops = await collect(readObjects(join(folder, DROPS_FILE)));
    return { ...passed, kept: await collect(readExamples(passed.file)), drops: drops.map(({ row }) => row as unknown as Drop) };
  } finally {
    await rm(folder, { recursive: true });
  }
}
