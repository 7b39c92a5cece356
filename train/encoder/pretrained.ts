// Pretrained encoders: a local folder as it is, or a model of a Hugging Face hub, of which the files that Cordon reads are
// downloaded into the cache (resumed where a download was cut) by the client that also fetches data sets.
// Each commit has a folder of its own, so what is there whole is never asked for again.

import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";

import { writeFileAtomically } from "#datasets/files/write-file";
import { download, isCached } from "#datasets/seeds/download";
import { cachedHubListing, fetchHubListing, hubBase, offline } from "#datasets/seeds/hub-listing";
import { type HubSettings, hubSettings } from "#datasets/seeds/hub-request";
import { CONFIG_FILE } from "#models/encoder/checkpoint-folder";
import { noSafetensors, parseWeightMap, shardsOf, WEIGHTS_FILE, WEIGHTS_INDEX_FILE } from "#models/encoder/safetensors";
import { SPECIAL_TOKENS_FILE, TOKENIZER_CONFIG_FILE, TOKENIZER_FILE } from "#models/encoder/tokenizer";
import { CordonError } from "#models/errors";

export interface ModelRef {
  /** `owner/name`, or the bare name of an old model. */
  id: string;
  /** A branch, a tag or a commit. */
  revision: string;
}

const REQUIRED = [CONFIG_FILE, TOKENIZER_FILE];
const OPTIONAL = [TOKENIZER_CONFIG_FILE, SPECIAL_TOKENS_FILE];

const ListingSchema = z.object({
  /** The commit that the revision stands for now. */
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  siblings: z.array(z.object({ rfilename: z.string() })),
});
type Listing = z.infer<typeof ListingSchema>;

/** @throws CordonError usage/bad-option */
export function parseModelRef(ref: string): ModelRef {
  const match = /^hf:((?:[A-Za-z0-9][\w.-]*\/)?[A-Za-z0-9][\w.-]*)(?:@([\w][\w./-]*))?$/.exec(ref);
  if (match === null || /(^|\/)\.\.?(\/|$)/.test(match[2] ?? "")) {
    throw new CordonError("usage/bad-option", `not a model of a hub: ${ref}`, {
      hint: "write hf:owner/name[@revision], such as hf:answerdotai/ModernBERT-base, or a folder",
    });
  }
  return { id: match[1]!, revision: match[2] ?? "main" };
}

/**
 * The local folder of what `--from` names.
 * @param ref a folder, or `hf:owner/name[@revision]`
 * @throws CordonError usage/missing-file, usage/bad-option, hub/*, model/unsupported (weights as a pickle only), model/damaged
 */
export async function resolvePretrained(ref: string, overrides: Partial<HubSettings> = {}): Promise<string> {
  if (ref.startsWith("hf:")) return await fetchModel(parseModelRef(ref), hubSettings(overrides));
  const isFolder = await stat(ref).then(
    (s) => s.isDirectory(),
    () => false,
  );
  if (isFolder) return ref;
  throw new CordonError("usage/missing-file", "no such folder", { where: ref, hint: "a model of the hub is written hf:owner/name" });
}

/** Downloads what the cache lacks of a model, and returns its folder there. */
export async function fetchModel(ref: ModelRef, settings: HubSettings): Promise<string> {
  const folder = join(settings.cacheDir, "models", ...ref.id.split("/"));
  const listing = settings.offline
    ? await cachedHubListing(listingPath(folder, ref.revision), ListingSchema, ref.id, folder)
    : await fetchListing(ref, settings, folder);
  const files = listing.siblings.map((file) => file.rfilename);
  const target = join(folder, listing.sha);
  const fetchAll = async (names: readonly string[]) => {
    for (const [i, name] of names.entries()) {
      const path = join(target, name);
      if (await isCached(path)) continue;
      if (settings.offline) throw offline(ref.id, "is not whole in the cache", path);
      const what = `${ref.id}/${name} (file ${i + 1} of ${names.length})`;
      await download(settings, what, new URL(`${ref.id}/resolve/${listing.sha}/${encodeURIComponent(name)}`, hubBase(settings)), path);
    }
  };

  const lacking = REQUIRED.filter((name) => !files.includes(name));
  if (lacking.length > 0) {
    throw new CordonError("hub/not-found", `${ref.id} has no ${lacking.join(" and no ")}`, {
      hint: "save it with transformers' AutoModel and AutoTokenizer (save_pretrained), and name that folder",
    });
  }
  const small = [...REQUIRED, ...OPTIONAL.filter((name) => files.includes(name))];
  if (files.includes(WEIGHTS_FILE)) {
    await fetchAll([...small, WEIGHTS_FILE]);
  } else if (files.includes(WEIGHTS_INDEX_FILE)) {
    await fetchAll([...small, WEIGHTS_INDEX_FILE]);
    const index = join(target, WEIGHTS_INDEX_FILE);
    await fetchAll(shardsOf(parseWeightMap(await readFile(index, "utf8"), index)));
  } else {
    throw noSafetensors(ref.id, files);
  }
  return target;
}

async function fetchListing(ref: ModelRef, settings: HubSettings, folder: string): Promise<Listing> {
  const path = `api/models/${ref.id}/revision/${encodeURIComponent(ref.revision)}`;
  const listing = await fetchHubListing(settings, ref.id, path, ListingSchema);
  for (const name of new Set([ref.revision, listing.sha])) await writeFileAtomically(listingPath(folder, name), JSON.stringify(listing));
  return listing;
}

function listingPath(folder: string, revision: string): string {
  return join(folder, `listing-${encodeURIComponent(revision)}.json`);
}
