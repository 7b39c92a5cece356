// MMLU: hendrycks/test's CSV files (`SUBJECT_{dev,val,test}.csv`, without a header: question, four choices, letter) and
// the rows of cais/mmlu on the hub (question, subject, choices, answer as an index).
import { sourceName } from "#datasets/sources/table";
import { CordonError } from "#models/errors";
import { readCsvRecords } from "./csv-rows.ts";
import { toQuestion, unwrap, type Question } from "./question.ts";
import { extensionOf, readRows } from "./rows.ts";

const FIELDS = 6;

/** The questions of one file, in its order. */
export async function* readMmlu(path: string): AsyncGenerator<Question> {
  const subject = sourceName(path).replace(/_(dev|val|test)$/, "");
  const facts = { source: "mmlu", subject };
  if (extensionOf(path) !== ".csv") {
    for await (const row of readRows(path)) yield toQuestion(unwrap(row), facts);
    return;
  }
  for await (const { where, record } of readCsvRecords(path)) {
    if (record.length !== FIELDS) {
      throw new CordonError("data/malformed-row", `${record.length} fields instead of ${FIELDS}`, {
        where,
        hint: "MMLU rows are question, four choices and the letter of the answer, without a header",
      });
    }
    const [question, ...rest] = record;
    yield toQuestion({ where, row: { question, choices: rest.slice(0, FIELDS - 2), answer: rest[FIELDS - 2] } }, facts);
  }
}
