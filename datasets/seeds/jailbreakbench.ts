// JailbreakBench (arXiv 2404.01318, MIT). Its behaviours, CSV: Index, Goal, Target, Behavior, Category, Source; they are
// harmless where the file is named benign. Its artifacts, JSON: {parameters, jailbreaks: [{index, goal, behavior,
// category, prompt, response, jailbroken, …}]}; an attack without a prompt or a reply has no outcome and is left out.
import { basename } from "node:path";
import { type Example, exampleSchema } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import { mapLabels } from "#datasets/sources/map-labels";
import { itemsOf, readDocument } from "./document.ts";
import { exchangeExample } from "./exchange.ts";
import { extensionOf, isRecord, readRows, type Row } from "./rows.ts";
import { type Skip, noSkip } from "./skip.ts";
import { optionalColumn, textColumn } from "./text-row.ts";

const SET = "a JailbreakBench file";
const SOURCE = { source: "jailbreakbench", license: "MIT" } as const;

export async function* readJailbreakBench(path: string, skip: Skip = noSkip): AsyncGenerator<Example> {
  if (extensionOf(path) === ".json") {
    const document = await readDocument(path);
    for (const row of itemsOf(isRecord(document) ? document["jailbreaks"] : document, path, SET)) yield* attempt(row, skip);
    return;
  }
  const benign = /benign/i.test(basename(path));
  for await (const row of readRows(path)) {
    if ("jailbroken" in row.row) yield* attempt(row, skip);
    else yield behaviour(row, benign ? 0 : 1);
  }
}

function behaviour(row: Row, label: 0 | 1): Example {
  const goal = textColumn(row, "Goal", SET);
  const category = optionalColumn(row, "Category");
  const name = optionalColumn(row, "Behavior") ?? textId(goal);
  return exampleSchema.parse({
    id: `jailbreakbench:${label === 0 ? "benign/" : ""}${name}`,
    text: goal,
    ...SOURCE,
    ...mapLabels("jailbreakbench", { label, labels: category === undefined ? [] : [category] }),
  });
}

function* attempt(row: Row, skip: Skip): Generator<Example> {
  const prompt = optionalColumn(row, "prompt");
  const reply = optionalColumn(row, "response");
  const { jailbroken } = row.row;
  if (prompt === undefined || reply === undefined) return skip("an attack without a prompt or a reply");
  if (typeof jailbroken !== "boolean") return skip("an attack without an outcome");
  const category = optionalColumn(row, "category");
  yield exchangeExample({
    id: `jailbreakbench:${textId(JSON.stringify([prompt, reply]))}`,
    prompt,
    reply,
    label: jailbroken ? 1 : 0,
    labels: category === undefined ? [] : [category],
    ...SOURCE,
  });
}
