// Many things at a time, their results in order: what a strategy makes does not hang on which answer comes first.

/**
 * Runs `work` over the items, at most `window` at a time counted from the oldest one that is not done, and yields the
 * results in the order of the items. The first failure (in that order) ends it; what was begun is waited for.
 */
export async function* orderedParallel<T, R>(
  items: Iterable<T> | AsyncIterable<T>,
  window: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  if (!(window >= 1)) throw new Error(`orderedParallel: requires a window of 1 or more, got ${window}`);
  const begun: Promise<R>[] = [];
  try {
    for await (const item of items) {
      const promise = work(item);
      // A failure is told when its turn comes; until then it must not count as unhandled.
      promise.catch(() => {});
      begun.push(promise);
      if (begun.length >= window) yield await begun.shift()!;
    }
    while (begun.length > 0) yield await begun.shift()!;
  } finally {
    await Promise.allSettled(begun);
  }
}
