// The hub's list of the files of a data set or a model: asked for, or read from the cache where the hub may not be asked.
import { readFile } from "node:fs/promises";
import type { z } from "zod";
import { transferError } from "#datasets/http/retry";
import { CordonError } from "#models/errors";
import { get, HUB, type HubSettings, retrying } from "./hub-request.ts";

/**
 * Asks the hub.
 * @param id names the data set or model in messages @param path of the address, relative to the endpoint
 * @throws CordonError hub/not-found, hub/failed
 */
export async function fetchHubListing<T>(settings: HubSettings, id: string, path: string, schema: z.ZodType<T>): Promise<T> {
  const text = await retrying(settings, id, async () => {
    const reply = await get(settings, id, new URL(path, hubBase(settings)));
    try {
      return await reply.response.text();
    } catch (error) {
      throw transferError(error, HUB);
    } finally {
      reply.close();
    }
  });
  const listing = parsed(text, schema);
  if (listing !== undefined) return listing;
  throw new CordonError("hub/failed", `${id}: the hub's list of files cannot be read`, { hint: "is HF_ENDPOINT a Hugging Face hub?" });
}

/**
 * Reads what an earlier run kept.
 * @param file of the listing @param folder of the cache, for the message
 * @throws CordonError hub/offline
 */
export async function cachedHubListing<T>(file: string, schema: z.ZodType<T>, id: string, folder: string): Promise<T> {
  const listing = await readFile(file, "utf8").then(
    (text) => parsed(text, schema),
    () => undefined,
  );
  if (listing === undefined) throw offline(id, "is not in the cache", folder);
  return listing;
}

/** What addresses on the hub are relative to: its endpoint, with a slash at the end. */
export function hubBase({ endpoint }: HubSettings): URL {
  return endpoint.pathname.endsWith("/") ? endpoint : new URL(`${endpoint.href}/`);
}

export function offline(id: string, what: string, where: string): CordonError {
  return new CordonError("hub/offline", `${id} ${what}, and HF_HUB_OFFLINE is set`, { where, hint: "unset it once to download" });
}

function parsed<T>(text: string, schema: z.ZodType<T>): T | undefined {
  try {
    return schema.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}
