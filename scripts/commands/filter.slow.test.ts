// The fault loop: a filter run that is killed again and again, and resumed, ends with the same files as one that was not.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { Random } from "#models/random";
import { saveNgramPackage } from "#models/package";
import { fixtureModel } from "#serve/guard/fixture-model";
import { spawnCordon } from "#scripts/spawn-cordon";

const SHARDS = 12;
const ROWS = 20_000;
const KILLS = 15;

test("kill -9 at any moment loses nothing and leaves nothing half written", async () => {
  const dir = mkdtempSync(join(tmpdir(), "cordon-faults-"));
  const { weights, manifest } = fixtureModel(["harmful"]);
  await saveNgramPackage(join(dir, "model"), weights, manifest);
  const random = new Random(1, "faults");
  for (let shard = 0; shard < SHARDS; shard++) {
    const rows = Array.from({ length: ROWS }, (_, row) => {
      if (random.chance(0.001)) return '{"id": 1, "text": ';
      const words = Array.from({ length: 60 }, () => random.below(5000).toString(36)).join(" ");
      return JSON.stringify({ id: `${shard}-${row}`, text: random.chance(0.05) ? `${words} zorblax` : words });
    });
    writeFileSync(join(dir, `${shard}.jsonl.zst`), zstdCompressSync(rows.join("\n")));
  }
  const filter = (out: string, ...more: string[]) =>
    spawnCordon(["filter", "--model", "model", "--input", "*.jsonl.zst", "--out", out, "--threshold", "0.5", ...more], dir);

  expect((await filter("straight").ended).code).toBe(0);
  let killed = 0;
  for (let i = 0; i < KILLS; i++) {
    const { child, ended } = filter("killed", "--resume");
    const timer = setTimeout(() => child.kill("SIGKILL"), 300 + random.below(900));
    if ((await ended).code === null) killed++;
    clearTimeout(timer);
  }
  expect(killed).toBeGreaterThan(0);
  expect((await filter("killed", "--resume").ended).code).toBe(0);

  expect(contents(join(dir, "killed"))).toEqual(contents(join(dir, "straight")));
  const { totals } = JSON.parse(readFileSync(join(dir, "killed", "ledger.json"), "utf8"));
  expect(totals.rows.in).toBe(SHARDS * ROWS);
  expect(totals.rows.kept + totals.rows.removed + totals.rows.failed).toBe(totals.rows.in);
  rmSync(dir, { recursive: true });
}, 300_000);

/** Hash by name of every file but the ledgers, which hold times. */
function contents(folder: string): Record<string, string> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.endsWith(".json"),
  );
  return Object.fromEntries(
    files.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length), createHash("sha256").update(readFileSync(path)).digest("hex")];
    }),
  );
}
