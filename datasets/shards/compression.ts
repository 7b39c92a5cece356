// How shards are compressed, by the ends of their names.

export const COMPRESSIONS = ["none", "gz", "zst"] as const;
export type Compression = (typeof COMPRESSIONS)[number];

/** Compression of a file, from its name. */
export function compressionOf(path: string): Compression {
  if (path.endsWith(".gz")) return "gz";
  if (path.endsWith(".zst")) return "zst";
  return "none";
}

/** A shard's name with its compression replaced: `a/x.jsonl.gz` → `a/x.jsonl.zst`. */
export function withCompression(path: string, compression: Compression): string {
  const bare = path.replace(/\.(gz|zst)$/, "");
  return compression === "none" ? bare : `${bare}.${compression}`;
}
