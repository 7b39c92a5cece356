// A PyRIT seed data set, YAML (pyrit.models.SeedDataset.from_yaml_file): a seed a request, or a group of seeds a
// conversation, in sequence and with roles. metadata keeps id and label, and of a conversation whether the label is that of
// its last reply or of the whole.
import { asTemplate } from "#datasets/seeds/template-text";
import type { Example } from "#datasets/example";
import type { ExportFormat } from "./format.ts";
import { yamlItem } from "./yaml-list.ts";

const HEADER = `dataset_name: cordon
description: Exported by Cordon. metadata.label is 1 for harmful and 0 for harmless.
seeds:
`;

export const PYRIT: ExportFormat = {
  name: "pyrit",
  describe: "PyRIT seed prompts; a conversation becomes a group of seeds",
  extensions: [".yaml", ".yml", ".prompt"],
  harmful: "optional",
  async *write(rows, { tally }) {
    let first = true;
    for await (const row of rows) {
      const seeds = seedsOf(row);
      if (seeds === undefined) {
        tally.leaveOut("a text that PyRIT would take for a template");
        continue;
      }
      tally.wrote();
      yield `${first ? HEADER : ""}${seeds.map(yamlItem).join("")}`;
      first = false;
    }
  },
};

function seedsOf(row: Example): object[] | undefined {
  const turns = row.turns ?? [{ content: row.text }];
  const values = turns.map(({ content }) => asTemplate(content));
  if (values.includes(undefined)) return undefined;
  const labelled = row.text === turns.at(-1)!.content ? "reply" : "conversation";
  return turns.map((turn, sequence) => ({
    value: values[sequence],
    data_type: "text",
    harm_categories: row.categories,
    source: row.source ?? "Cordon",
    metadata: { id: row.id, label: row.label, ...(row.turns && { labelled }) },
    ...("role" in turn && { role: turn.role, sequence, prompt_group_alias: row.id }),
  }));
}
