// Turns what a user calls a seed (a file, a folder, a glob, a data set of a hub) into local files.
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { expandGlobs } from "#datasets/files/globs";
import { CordonError } from "#models/errors";
import { hubSettings, type HubSettings } from "./hub-request.ts";
import { fetchDataset, parseHubRef } from "./hub.ts";
import { extensionOf, ROW_EXTENSIONS } from "./rows.ts";

export interface ResolveOptions {
  /** Extensions of the files to take from a folder. */
  extensions?: readonly string[];
  /** Overrides of what the environment says of the hub. */
  hub?: Partial<HubSettings>;
}

/**
 * Local files of a seed: sorted from a folder (with its subfolders) or a glob, in the hub's order from a hub.
 * @param ref a path, a glob, or `hf:owner/name[/config][:split]`
 * @throws CordonError usage/missing-file, usage/bad-option, hub/*
 */
export async function resolveSeed(ref: string, options: ResolveOptions = {}): Promise<string[]> {
  if (ref.startsWith("hf:")) return await fetchDataset(parseHubRef(ref), hubSettings(options.hub));
  const isFolder = await stat(ref).then(
    (s) => s.isDirectory(),
    () => false,
  );
  if (!isFolder) return await expandGlobs([ref]);
  const extensions: readonly string[] = options.extensions ?? ROW_EXTENSIONS;
  const entries = await readdir(ref, { recursive: true });
  const named = entries.filter((name) => extensions.includes(extensionOf(name))).map((name) => join(ref, name));
  const files: string[] = [];
  for (const path of named) if ((await stat(path)).isFile()) files.push(path);
  if (files.length === 0) throw new CordonError("usage/missing-file", `no ${extensions.join(", ")} file in the folder`, { where: ref });
  return files.sort();
}
