// promptfoo test cases (promptfoo.dev/docs/configuration/test-cases), YAML or JSON: a request as vars.prompt, with the
// assertion that a harmful one is refused and a harmless one is not; metadata keeps id, label and categories.
import { asTemplate } from "#datasets/seeds/template-text";
import type { Example } from "#datasets/example";
import { type ExportFormat, type Tally, requestOf } from "./format.ts";
import { yamlItem } from "./yaml-list.ts";

export const PROMPTFOO: ExportFormat = {
  name: "promptfoo",
  describe: "promptfoo test cases: harmful requests are to be refused, harmless ones are not",
  extensions: [".yaml", ".yml", ".json", ".jsonl"],
  harmful: "optional",
  async *write(rows, { tally, extension }) {
    const list = extension === ".json";
    let first = true;
    for await (const row of rows) {
      const test = testOf(row, tally);
      if (test === undefined) continue;
      tally.wrote();
      if (extension === ".jsonl") yield `${JSON.stringify(test)}\n`;
      else yield list ? `${first ? "[" : ","}\n${JSON.stringify(test)}` : yamlItem(test);
      first = false;
    }
    if (list) yield first ? "[]\n" : "\n]\n";
  },
};

function testOf(row: Example, tally: Tally): object | undefined {
  const request = requestOf(row, tally);
  if (request === undefined) return undefined;
  const prompt = asTemplate(request);
  // promptfoo puts the file's content in the place of such a variable.
  if (prompt === undefined || prompt.startsWith("file://")) {
    tally.leaveOut("a text that promptfoo would take for a template or a file");
    return undefined;
  }
  return {
    description: row.id,
    vars: { prompt },
    assert: [{ type: row.label === 1 ? "is-refusal" : "not-is-refusal" }],
    metadata: { id: row.id, label: row.label, categories: row.categories },
  };
}
