// Data sets of a Hugging Face hub as local Parquet files: the hub's own Parquet conversion of every public set
// (`/api/datasets/{id}/parquet`), listed, downloaded and kept in the cache.
import { join } from "node:path";
import { z } from "zod";
import { writeFileAtomically } from "#datasets/files/write-file";
import { CordonError } from "#models/errors";
import { download, isCached } from "./download.ts";
import { cachedHubListing, fetchHubListing, hubBase, offline } from "./hub-listing.ts";
import type { HubSettings } from "./hub-request.ts";

export interface HubRef {
  /** `owner/name` */
  id: string;
  /** Without it: `default`, else `all`, else every configuration. */
  config: string | undefined;
  /** Without it: every split. */
  split: string | undefined;
}

/** Addresses of files by configuration and split. */
const listingSchema = z.record(z.string(), z.record(z.string(), z.array(z.string())));
type Listing = z.infer<typeof listingSchema>;
const LISTING_FILE = "listing.json";

/**
 * Parses `hf:owner/name[/config][:split]`.
 * @throws CordonError usage/bad-option
 */
export function parseHubRef(ref: string): HubRef {
  const match = /^hf:([A-Za-z0-9][\w.-]*\/[A-Za-z0-9][\w.-]*)(?:\/([^/:]+))?(?::([^/:]+))?$/.exec(ref);
  if (match === null) {
    throw new CordonError("usage/bad-option", `not a data set of a hub: ${ref}`, {
      hint: "write hf:owner/name[/config][:split], such as hf:cais/wmdp/wmdp-bio:test",
    });
  }
  return { id: match[1]!, config: match[2], split: match[3] };
}

/**
 * The local files of a data set, downloaded where the cache lacks them or the hub has newer ones, in the hub's order.
 * @throws CordonError usage/bad-option, hub/not-found, hub/failed, hub/offline
 */
export async function fetchDataset(ref: HubRef, settings: HubSettings): Promise<string[]> {
  const folder = join(settings.cacheDir, "datasets", ...ref.id.split("/"));
  const kept = join(folder, LISTING_FILE);
  const listing = settings.offline
    ? await cachedHubListing(kept, listingSchema, ref.id, folder)
    : await fetchHubListing(settings, ref.id, `api/datasets/${ref.id}/parquet`, listingSchema);
  if (!settings.offline) await writeFileAtomically(kept, JSON.stringify(listing));
  const paths: string[] = [];
  for (const { config, split, addresses } of choose(ref, listing)) {
    for (const [i, address] of addresses.entries()) {
      const name = `${ref.id.split("/")[1]}-${counted(i)}-of-${counted(addresses.length)}.parquet`;
      const target = join(folder, folderName(config), folderName(split), name);
      if (!settings.offline)
        await download(
          settings,
          `${ref.id}/${config}:${split} (file ${i + 1} of ${addresses.length})`,
          onEndpoint(address, settings),
          target,
        );
      else if (!(await isCached(target))) throw offline(ref.id, "is not whole in the cache", target);
      paths.push(target);
    }
  }
  return paths;
}

function choose(ref: HubRef, listing: Listing): { config: string; split: string; addresses: string[] }[] {
  const configs = Object.keys(listing);
  const usual = ["default", "all"].find((name) => configs.includes(name));
  const wanted = ref.config ?? usual;
  if (wanted !== undefined && !configs.includes(wanted)) throw missing(ref, "configuration", wanted, configs);
  const chosen = (wanted === undefined ? configs : [wanted]).flatMap((config) =>
    Object.entries(listing[config]!).map(([split, addresses]) => ({ config, split, addresses })),
  );
  const found = chosen.filter((c) => ref.split === undefined || c.split === ref.split);
  if (found.length === 0 && ref.split !== undefined) throw missing(ref, "split", ref.split, [...new Set(chosen.map((c) => c.split))]);
  if (found.every((c) => c.addresses.length === 0)) throw new CordonError("hub/not-found", `${ref.id}: the hub has no Parquet files of it`);
  return found;
}

function missing(ref: HubRef, kind: string, name: string, known: string[]): CordonError {
  const some = known.length > 12 ? `${known.slice(0, 12).join(", ")} and ${known.length - 12} more` : known.join(", ");
  return new CordonError("hub/not-found", `${ref.id} has no ${kind} "${name}"`, { hint: `it has ${some}` });
}

/** The listing may name the public hub though another one answered: files are asked of the one that was asked. */
function onEndpoint(address: string, settings: HubSettings): URL {
  const endpoint = hubBase(settings);
  const url = URL.canParse(address, endpoint) ? new URL(address, endpoint) : undefined;
  if (url === undefined) throw new CordonError("hub/failed", "the hub's list of files holds what is no address");
  return url.origin !== endpoint.origin && url.pathname.startsWith("/api/datasets/")
    ? new URL(`.${url.pathname}${url.search}`, endpoint)
    : url;
}

/** Names of configurations and splits come from the hub: none may leave the cache folder. */
function folderName(name: string): string {
  const safe = encodeURIComponent(name);
  return /^\.*$/.test(safe) ? `%${safe}` : safe;
}

const counted = (n: number) => String(n).padStart(5, "0");
