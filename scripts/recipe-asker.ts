// Makes a recipe's language models ready to be asked by the command line: within a budget, through the cache of replies.
import { Budget, type BudgetLimits } from "#datasets/generators/budget";
import { LiveAsker } from "#datasets/generators/live-asker";
import { openGenerators } from "#datasets/generators/open-generators";
import { ReplyCache, type ReplyCacheOptions } from "#datasets/generators/reply-cache";
import { usageLine } from "#datasets/generators/usage";
import { generatorsInUse, type Recipe } from "#datasets/recipe";
import { sealKey } from "#datasets/sealing/key";
import { recordCodec } from "#datasets/sealing/record-codec";

export interface RecipeAskerOptions extends BudgetLimits {
  /** Folder of the cache; the user's own by default. */
  cache?: string | undefined;
  /** Seals the replies that are kept, under the environment's key. */
  sealed?: boolean | undefined;
  /** Told of retries. */
  notify?: ((line: string) => void) | undefined;
}

export interface RecipeAsker {
  asker: LiveAsker;
  /** How many answers to wait for at a time, so that every generator is busy. */
  window: number;
  /** What was asked and what it came to, in a line. */
  line: () => string;
  close: () => Promise<void>;
}

/**
 * The asker of the generators that a recipe asks; undefined where it asks none.
 * @param recipe resolved by `resolveRecipe`
 * @throws CordonError for a key that is not set, a price that is missing, a cache that cannot be opened
 */
export async function openRecipeAsker(recipe: Recipe, options: RecipeAskerOptions): Promise<RecipeAsker | undefined> {
  const names = generatorsInUse(recipe);
  if (names.length === 0) return undefined;
  const generators = openGenerators(Object.fromEntries(names.map((name) => [name, recipe.generators![name]!])));
  const cache = await ReplyCache.open(cacheOptions(options));
  try {
    const { notify } = options;
    const asker = new LiveAsker({ generators, cache, budget: new Budget(options), ...(notify === undefined ? {} : { notify }) });
    const open = [...generators.values()].reduce((sum, { config }) => sum + (config.kind === "endpoint" ? config.concurrency : 1), 0);
    return {
      asker,
      window: Math.max(16, 2 * open),
      line: () => usageLine(asker.usage()),
      close: async () => {
        await asker.close();
        await cache.close();
      },
    };
  } catch (error) {
    await cache.close();
    throw error;
  }
}

type CacheOptions = Pick<RecipeAskerOptions, "cache" | "sealed">;

/** The cache for looking up alone; undefined where there is none yet. */
export function existingCache(options: CacheOptions): Promise<ReplyCache | undefined> {
  return ReplyCache.openExisting(cacheOptions(options));
}

function cacheOptions({ cache, sealed }: CacheOptions): ReplyCacheOptions {
  return {
    ...(cache === undefined ? {} : { folder: cache }),
    ...(sealed ? { codec: recordCodec(sealKey({ forWhat: "the cache of replies" })) } : {}),
  };
}
