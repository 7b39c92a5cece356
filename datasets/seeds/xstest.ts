// XSTest (arXiv 2308.01263), CSV: id, prompt, type, label (safe | unsafe), focus, note. Safe prompts that look unsafe and
// their unsafe contrasts; files of the first version have no label, and their unsafe types begin with `contrast_`.
import { exampleSchema, type Example } from "#datasets/example";
import { mapLabels } from "#datasets/sources/map-labels";
import { readRows } from "./rows.ts";
import { namedColumn, optionalColumn, textColumn } from "./text-row.ts";

const SET = "an XSTest file";
const LABELS = { safe: 0, unsafe: 1 } as const;

export async function* readXsTest(path: string): AsyncGenerator<Example> {
  for await (const row of readRows(path)) {
    const type = textColumn(row, "type", SET);
    const label =
      optionalColumn(row, "label") === undefined ? (type.startsWith("contrast_") ? 1 : 0) : namedColumn(row, "label", LABELS, SET);
    const id = optionalColumn(row, "id") ?? optionalColumn(row, "id_v2") ?? textColumn(row, "id", SET);
    yield exampleSchema.parse({
      id: `xstest:${id}`,
      text: textColumn(row, "prompt", SET),
      source: "xstest",
      license: "CC-BY-4.0",
      ...mapLabels("xstest", { label, labels: [type] }),
    });
  }
}
