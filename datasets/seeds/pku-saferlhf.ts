// PKU-SafeRLHF (arXiv 2406.15513, CC BY-NC 4.0), JSON lines: prompt, and of each of two replies response_N,
// is_response_N_safe, response_N_harm_category {19 names: boolean}, response_N_severity_level. Each reply is an example.
import type { Example } from "#datasets/example";
import { textId } from "#datasets/files/hash";
import { exchangeExample } from "./exchange.ts";
import { isRecord, readRows } from "./rows.ts";
import { type Skip, noSkip } from "./skip.ts";
import { optionalColumn, textColumn } from "./text-row.ts";

const SET = "PKU-SafeRLHF";

export async function* readPkuSafeRlhf(path: string, skip: Skip = noSkip): AsyncGenerator<Example> {
  for await (const row of readRows(path)) {
    const prompt = textColumn(row, "prompt", SET);
    const replies = [0, 1].map((n) => optionalColumn(row, `response_${n}`));
    const pair = `pku-saferlhf:${textId(JSON.stringify([prompt, ...replies]))}`;
    for (const [n, reply] of replies.entries()) {
      const safe = row.row[`is_response_${n}_safe`];
      if (reply === undefined) skip("a reply is empty");
      else if (typeof safe !== "boolean") skip("a reply without a label");
      else {
        yield exchangeExample({
          id: `${pair}/${n}`,
          prompt,
          reply,
          label: safe ? 0 : 1,
          labels: harmsOf(row.row[`response_${n}_harm_category`]),
          pair,
          source: "pku-saferlhf",
          license: "CC-BY-NC-4.0",
        });
      }
    }
  }
}

function harmsOf(harms: unknown): string[] {
  return isRecord(harms) ? Object.keys(harms).filter((name) => harms[name] === true) : [];
}
