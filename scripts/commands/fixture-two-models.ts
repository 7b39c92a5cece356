// A recipe of two language models, asked through the real command line and answered by a local endpoint. For tests only.
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Example } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import {
  type Behaviour,
  type FixtureEndpoint,
  type FixtureRequest,
  MODEL,
  startFixtureEndpoint,
} from "#datasets/generators/fixture-endpoint";
import { type Ended, type Running, spawnCordon } from "#scripts/spawn-cordon";

export const KEY = "sk-fixture-secret";
export const CONCURRENCY = 6;

const generatorOf = (model: string) => `
    kind: endpoint
    base_url: \${FIXTURE_URL}
    model: ${model}
    key_env: FIXTURE_KEY
    concurrency: ${CONCURRENCY}
    attempts: 2
    price: {input: 1, output: 2}`;
const RECIPE = `name: mine
description: d
generators:
  free:${generatorOf("free-model")}
  aligned:${generatorOf("aligned-model")}
  unused:
    kind: endpoint
    base_url: http://localhost:1/v1
    model: nobody
    key_env: A_KEY_THAT_IS_NOT_SET
strategies:
  - kind: rephrase
    texts: {chapters: [privacy, cyber], per_chapter: 12}
    generators: {harmful: free, harmless: aligned}
    license: CC0-1.0
  - kind: refine
    chapters: [privacy]
    passages: 8
    generators: {harmful: free, harmless: aligned}
    license: CC0-1.0
gates:
  near_duplicate: off
`;

export interface TwoModels {
  /** The folder in which the commands run. */
  scratch: string;
  endpoint: FixtureEndpoint;
  /** What the endpoint does; the model answers by default. */
  behave: (request: FixtureRequest) => Behaviour;
  at: (...names: string[]) => string;
  start: (cache: string, ...args: string[]) => Running;
  cordon: (cache: string, ...args: string[]) => Promise<Ended>;
  examplesIn: (out: string) => Promise<Example[]>;
  close: () => Promise<void>;
}

/** One endpoint for all runs: its address is part of the recipe's hash and of the cache's keys. */
export async function startTwoModels(): Promise<TwoModels> {
  const scratch = await mkdtemp(join(tmpdir(), "cordon-generate-llm-"));
  const at = (...names: string[]) => join(scratch, ...names);
  await writeFile(at("mine.yaml"), RECIPE);
  const endpoint = await startFixtureEndpoint({ key: KEY, behave: (request) => models.behave(request) });
  process.env["FIXTURE_KEY"] = KEY;
  process.env["FIXTURE_URL"] = endpoint.baseUrl;
  const start = (cache: string, ...args: string[]) =>
    spawnCordon(["generate", "--recipe", "mine.yaml", "--cache", cache, ...args], scratch);
  const models: TwoModels = {
    scratch,
    endpoint,
    behave: () => MODEL,
    at,
    start,
    cordon: (cache, ...args) => start(cache, ...args).ended,
    examplesIn: async (out) => {
      const text = await readFile(at(out, "examples.jsonl"), "utf8");
      return text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as Example);
    },
    close: async () => {
      delete process.env["FIXTURE_KEY"];
      delete process.env["FIXTURE_URL"];
      await endpoint.close();
      await rm(scratch, { recursive: true });
    },
  };
  return models;
}

/** A failing test prints hashes, not texts. */
export const hashes = (rows: readonly Example[]): string[] => rows.map((row) => textId(JSON.stringify(row)));
