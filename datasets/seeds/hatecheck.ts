// HateCheck (arXiv 2012.15606), CSV: functionality, case_id, test_case, label_gold (hateful | non-hateful), target_ident, …
// label_gold is about hate, which `categories` and `unknown` keep; our label is about harm, so that insults at people
// outside protected groups (target_indiv_nh, target_group_nh) are harmful, as harassment, and no hate.
import { exampleSchema, type Example } from "#datasets/example";
import { mapLabels } from "#datasets/sources/map-labels";
import { readRows } from "./rows.ts";
import { namedColumn, textColumn } from "./text-row.ts";

const SET = "a HateCheck file";
const GOLD = { hateful: 1, "non-hateful": 0 } as const;

export async function* readHateCheck(path: string): AsyncGenerator<Example> {
  for await (const row of readRows(path)) {
    const label = namedColumn(row, "label_gold", GOLD, SET);
    const mapped = mapLabels("hatecheck", { label, labels: [textColumn(row, "functionality", SET)] });
    // Every hateful case is hate, whatever it tests.
    const categories = label === 1 && !mapped.categories.includes("hate") ? ["hate", ...mapped.categories] : mapped.categories;
    yield exampleSchema.parse({
      id: `hatecheck:${textColumn(row, "case_id", SET)}`,
      text: textColumn(row, "test_case", SET),
      source: "hatecheck",
      license: "CC-BY-4.0",
      ...mapped,
      categories,
    });
  }
}
