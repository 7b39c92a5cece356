// Gretel's safety alignment set (gretelai/gretel-safety-alignment-en-v1, Apache-2.0), Parquet or JSON lines: id, persona,
// risk_category, sub_category, tactic, prompt, response, safe_response, judge_{response,safe_response}_score,
// {response,safe_response}_probability_of_harm. A row becomes two examples, one a reply, labelled by the judge's
// probability of harm. A reply without one, or a "safe" one that the judge finds harmful, is left out.
import type { Example } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import { exchangeExample } from "./exchange.ts";
import { readRows, type Row } from "./rows.ts";
import { type Skip, noSkip } from "./skip.ts";
import { optionalColumn, textColumn } from "./text-row.ts";

const SET = "Gretel's safety alignment set";

export async function* readGretel(path: string, skip: Skip = noSkip): AsyncGenerator<Example> {
  for await (const row of readRows(path)) {
    const prompt = textColumn(row, "prompt", SET);
    const pair = `gretel:${idOf(row) ?? textId(prompt)}`;
    const labels = ["risk_category", "sub_category"].flatMap((name) => optionalColumn(row, name) ?? []);
    for (const column of ["response", "safe_response"] as const) {
      const reply = optionalColumn(row, column);
      const harm = probability(row, `${column}_probability_of_harm`);
      if (reply === undefined) skip("a reply is empty");
      else if (harm === undefined) skip("the judge gave no probability");
      else if (column === "safe_response" && harm >= 0.5) skip("a safe reply that the judge finds harmful");
      else {
        const label = harm >= 0.5 ? 1 : 0;
        yield exchangeExample({ id: `${pair}/${column}`, prompt, reply, label, labels, pair, source: "gretel", license: "Apache-2.0" });
      }
    }
  }
}

function idOf({ row }: Row): string | undefined {
  const id = row["id"];
  return typeof id === "string" || typeof id === "number" || typeof id === "bigint" ? String(id) : undefined;
}

function probability({ row }: Row, column: string): number | undefined {
  const value = row[column];
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  return typeof number === "number" && number >= 0 && number <= 1 ? number : undefined;
}
