// Writes datasets/sample/documents.jsonl.zst, the shard that `cordon run` filters: texts of the grammar whose seeds are
// held out of training, drawn with another seed than the embedded recipe's.
//   node scripts/make-sample.ts
import { fileURLToPath } from "node:url";
import { cellOf } from "#datasets/candidate";
import { generate } from "#datasets/generate/generate";
import { readRecipe } from "#datasets/recipe";
import { writeJsonl } from "#datasets/files/write-jsonl";
import { Random } from "#models/random";

const DOCUMENTS = 4000;
/** Share of harmful documents: far more than in a real corpus, so that a small sample shows something. */
const HARMFUL = 0.1;

const recipe = await readRecipe("embedded");
const { kept } = await generate({
  ...recipe,
  seed: 20261122,
  strategies: [{ kind: "grammar", act_variants: 4, post_variants: 4, pages: 400, prose: 60 }],
});
const heldOut = new Random(1, "sample").shuffle(kept.filter((row) => row.split === "test"));
const take = (label: 0 | 1, n: number) => heldOut.filter((row) => row.label === label).slice(0, n);
const rows = [...take(1, DOCUMENTS * HARMFUL), ...take(0, DOCUMENTS * (1 - HARMFUL))].sort((a, b) => (a.id < b.id ? -1 : 1));
const written = await writeJsonl(
  fileURLToPath(new URL("../datasets/sample/documents.jsonl.zst", import.meta.url)),
  rows.map((row) => ({ id: row.id, text: row.text, source: cellOf(row).strategy, label: row.label })),
);
process.stdout.write(`${written.rows} documents, ${written.bytes} bytes\n`);
