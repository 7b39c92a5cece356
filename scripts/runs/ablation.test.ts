import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { writeJsonl } from "#datasets/files/write-jsonl";
import { runAblation } from "./ablation.ts";

test("data that lack a part are refused before anything is generated", async () => {
  const folder = await mkdtemp(join(tmpdir(), "cordon-ablation-"));
  const data = join(folder, "data");
  const refused = (where: string) =>
    expect(runAblation({ data, out: join(folder, "out") })).rejects.toMatchObject({
      code: "usage/missing-file",
      message: expect.stringContaining(where),
    });
  const rows = [{ id: "1", text: "a text", label: 0 }];
  try {
    await refused("corpus");
    await writeJsonl(join(data, "corpus/wikipedia.jsonl.gz"), rows);
    await refused("dev");
    await writeJsonl(join(data, "dev/olid.jsonl.gz"), rows);
    await refused("train");
    await writeJsonl(join(data, "train/ethos.jsonl.gz"), rows);
    await refused("mmlu");
    await mkdir(join(data, "mmlu"));
    await writeFile(join(data, "mmlu/history_test.csv"), '"When?",a,b,c,d,A\n');
    await refused("instructions-harmless.jsonl.gz");
    expect(await readdir(folder)).toEqual(["data"]);
  } finally {
    await rm(folder, { recursive: true });
  }
});
