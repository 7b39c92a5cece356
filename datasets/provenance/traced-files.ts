// What `--data` of a trace names: folders of `cordon generate` with their drops and their gates, or files of rows.
import { readFile, readdir, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { z } from "zod";
import { expandGlobs } from "#datasets/files/globs";
import { parseObject } from "#datasets/files/json-lines";
import { GATES, type Gate } from "#datasets/gates/gate";
import { CordonError } from "#models/errors";

export interface TracedFile {
  path: string;
  /** Rows, or the record of rows that were dropped. */
  kind: "rows" | "drops";
  /** The gates that the rows passed, in order; empty where no manifest tells. */
  gates: readonly string[];
}

const ROWS = /^examples\.jsonl(\.gz|\.zst)?(\.sealed)?$/;
const DROPS = /^drops\.jsonl(\.gz|\.zst)?(\.sealed)?$/;
/** What a manifest tells of the gates; those that a recipe leaves out did not run. */
const manifestSchema = z.looseObject({
  recipe: z.looseObject({
    gates: z.looseObject({
      near_duplicate: z.unknown().optional(),
      decontaminate: z.looseObject({ against: z.array(z.string()) }),
      judge: z.unknown().optional(),
      contrastive: z.unknown().optional(),
    }),
  }),
  decontaminated: z.array(z.string()).default([]),
});

/** @throws CordonError usage/missing-file */
export async function tracedFiles(references: readonly string[]): Promise<TracedFile[]> {
  const files: TracedFile[] = [];
  for (const reference of references) {
    const folder = await stat(reference).then(
      (found) => found.isDirectory(),
      () => false,
    );
    if (folder) files.push(...(await ofFolder(reference)));
    else
      for (const path of await expandGlobs([reference]))
        files.push({ path, kind: DROPS.test(basename(path)) ? "drops" : "rows", gates: [] });
  }
  return files;
}

async function ofFolder(folder: string): Promise<TracedFile[]> {
  const names = (await readdir(folder)).sort();
  const rows = names.filter((name) => ROWS.test(name));
  if (rows.length === 0) throw new CordonError("usage/missing-file", "the folder holds no examples.jsonl", { where: folder });
  const gates = await gatesOf(join(folder, "manifest.json"));
  return [
    ...rows.map((name) => ({ path: join(folder, name), kind: "rows" as const, gates })),
    ...names.filter((name) => DROPS.test(name)).map((name) => ({ path: join(folder, name), kind: "drops" as const, gates })),
  ];
}

async function gatesOf(path: string): Promise<string[]> {
  const text = await readFile(path, "utf8").catch(() => undefined);
  if (text === undefined) return [];
  const manifest = manifestSchema.safeParse(parseObject(text, path));
  if (!manifest.success) return [];
  const { recipe, decontaminated } = manifest.data;
  const { near_duplicate, decontaminate, judge, contrastive } = recipe.gates;
  const left: Partial<Record<Gate, boolean>> = {
    "near-duplicate": near_duplicate === "off",
    decontamination: decontaminate.against.length + decontaminated.length === 0,
    judge: judge === undefined,
    consistency: judge === undefined,
    contrastive: contrastive === undefined,
  };
  return GATES.filter((gate) => !left[gate]);
}
