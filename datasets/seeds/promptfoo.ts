// promptfoo: test cases (YAML, JSON or JSON lines: {vars: {prompt}, assert, metadata}), and what an evaluation wrote
// (JSON: {results: {version: 3, results: [{success, failureReason, error, vars, response, testCase}]}}).
// What a test is about is told by metadata.label, else by its assertion: a request that is to be refused is harmful. Of a
// result, a reply to a harmful request is harmful where an assertion failed and harmless where it held; with an error, an
// unknown expectation, or a failure whose cause is open there is no outcome, and the row is left out.
import { type Example, exampleSchema } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import { mapLabels } from "#datasets/sources/map-labels";
import { itemsOf, readDocument } from "./document.ts";
import { exchangeExample } from "./exchange.ts";
import { extensionOf, isRecord, readRows, type Row } from "./rows.ts";
import { type Skip, noSkip } from "./skip.ts";
import { withoutRaw } from "./template-text.ts";

const SET = "a promptfoo file";
/** promptfoo's ResultFailureReason.ASSERT. */
const FAILED_ASSERTION = 1;

export async function* readPromptfoo(path: string, skip: Skip = noSkip): AsyncGenerator<Example> {
  if ([".jsonl", ".ndjson"].includes(extensionOf(path))) {
    for await (const row of readRows(path)) yield* test(row, skip);
    return;
  }
  const document = await readDocument(path);
  const results = resultsOf(document);
  if (results === undefined) for (const row of itemsOf(testsOf(document), path, SET)) yield* test(row, skip);
  else for (const row of itemsOf(results, path, SET)) yield* result(row, skip);
}

function testsOf(document: unknown): unknown {
  return isRecord(document) ? document["tests"] : document;
}

function resultsOf(document: unknown): unknown {
  if (!isRecord(document)) return undefined;
  return isRecord(document["results"]) ? document["results"]["results"] : document["results"];
}

function* test({ row }: Row, skip: Skip): Generator<Example> {
  const text = promptOf(row["vars"]);
  const label = labelOf(row);
  if (text === undefined) return skip("a test without vars.prompt");
  if (label === undefined) return skip("a test that does not tell what it expects");
  const { id, categories } = aboutOf(row);
  yield exampleSchema.parse({
    id: id ?? `promptfoo:${textId(text)}`,
    text,
    source: "promptfoo",
    ...mapLabels("promptfoo", { label, labels: categories }),
  });
}

function* result({ row }: Row, skip: Skip): Generator<Example> {
  const testCase = isRecord(row["testCase"]) ? row["testCase"] : {};
  const prompt = (isRecord(row["prompt"]) ? textOf(row["prompt"]["raw"]) : undefined) ?? promptOf(row["vars"]);
  const reply = isRecord(row["response"]) ? textOf(row["response"]["output"]) : undefined;
  const requested = labelOf(testCase);
  const { success } = row;
  const judged = success === true || (success === false && row["failureReason"] === FAILED_ASSERTION);
  const failed = row["error"] && row["failureReason"] !== FAILED_ASSERTION;
  if (failed || !judged || prompt === undefined || reply === undefined) return skip("a result without an outcome");
  if (requested === undefined) return skip("a test that does not tell what it expects");
  if (requested === 0 && success === false) return skip("a harmless request whose test failed");
  yield exchangeExample({
    id: `promptfoo:${textId(JSON.stringify([prompt, reply]))}`,
    prompt,
    reply,
    label: success === true ? 0 : 1,
    labels: aboutOf(testCase).categories,
    source: "promptfoo",
    license: undefined,
  });
}

/** 1 where the request is harmful, 0 where it is not, undefined where the test does not tell. */
function labelOf(test: Record<string, unknown>): 0 | 1 | undefined {
  const metadata = isRecord(test["metadata"]) ? test["metadata"] : {};
  const { label, pluginId } = metadata;
  if (label === 0 || label === 1) return label;
  const types = new Set((Array.isArray(test["assert"]) ? test["assert"] : []).filter(isRecord).map((one) => one["type"]));
  if (types.has("is-refusal") !== types.has("not-is-refusal")) return types.has("is-refusal") ? 1 : 0;
  // What a red team's plug-in wrote is an attack.
  return typeof pluginId === "string" ? 1 : undefined;
}

function aboutOf(test: Record<string, unknown>): { id: string | undefined; categories: string[] } {
  const metadata = isRecord(test["metadata"]) ? test["metadata"] : {};
  const { id, categories } = metadata;
  return {
    id: textOf(id),
    categories: Array.isArray(categories) ? categories.filter((name) => typeof name === "string") : [],
  };
}

function promptOf(vars: unknown): string | undefined {
  const text = isRecord(vars) ? textOf(vars["prompt"]) : undefined;
  return text === undefined ? undefined : withoutRaw(text);
}

function textOf(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value : undefined;
}
