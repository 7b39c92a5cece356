// Which shards a run reads, and how each is called in the output folders: by its path below the folder that all inputs
// share, so that two shards of the same name in different folders stay apart.
import { globSync, realpathSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { CordonError } from "#models/errors";

export interface ShardFile {
  path: string;
  /** Path below the inputs' common folder, with `/`: unique in a run. */
  name: string;
  size: number;
  modifiedMs: number;
}

const SHARD = /\.(jsonl|ndjson|json)(\.gz|\.zst)?$/;

/**
 * Files of the patterns, sorted by name; a file that two patterns match counts once. A folder stands for all shards in
 * it (.jsonl, .ndjson, .json, also .gz and .zst). Files below `exclude` are left out.
 * @throws CordonError usage/missing-file where a pattern matches nothing.
 */
export function findShards(patterns: readonly string[], exclude?: string): ShardFile[] {
  const excluded = exclude === undefined ? null : resolve(exclude) + sep;
  const seen = new Set<string>();
  const paths: string[] = [];
  for (const pattern of patterns) {
    let matched = 0;
    let below = 0;
    for (const path of expand(pattern)) {
      const absolute = resolve(path);
      if (excluded !== null && absolute.startsWith(excluded)) {
        below++;
        continue;
      }
      matched++;
      const real = realpathSync(absolute);
      if (seen.has(real)) continue;
      seen.add(real);
      paths.push(absolute);
    }
    if (matched === 0) {
      const hint =
        below > 0 ? "what it matches lies in the output folder" : "give files, folders or a quoted glob such as 'data/**/*.jsonl.zst'";
      throw new CordonError("usage/missing-file", "no shard matches", { where: `--input ${pattern}`, hint });
    }
  }
  const root = commonFolder(paths);
  return paths
    .map((path) => {
      const { size, mtimeMs } = statSync(path);
      return { path, name: relative(root, path).split(sep).join("/"), size, modifiedMs: mtimeMs };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Where two inputs would write one output, an error that names both. */
export function refuseCollisions(shards: readonly ShardFile[], outputName: (name: string) => string): void {
  const taken = new Map<string, string>();
  for (const { name } of shards) {
    const output = outputName(name);
    const other = taken.get(output);
    if (other !== undefined) {
      throw new CordonError("usage/bad-option", `${other} and ${name} would both be written to ${output}`, {
        where: "--compression",
        hint: "leave it out, so that each keeps its own ending, or filter them in two runs",
      });
    }
    taken.set(output, name);
  }
}

function expand(pattern: string): string[] {
  const stat = statSync(pattern, { throwIfNoEntry: false });
  if (stat?.isFile()) return [pattern];
  if (stat?.isDirectory())
    return globSync("**/*", { cwd: pattern })
      .filter((path) => SHARD.test(path))
      .map((path) => join(pattern, path))
      .filter(isFile);
  return globSync(pattern).filter(isFile);
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true && !basename(path).endsWith(".partial");
}

function commonFolder(paths: readonly string[]): string {
  let common = dirname(paths[0] ?? ".").split(sep);
  for (const path of paths) {
    const folders = dirname(path).split(sep);
    let shared = 0;
    while (shared < common.length && common[shared] === folders[shared]) shared++;
    common = common.slice(0, shared);
  }
  return common.join(sep) || sep;
}
