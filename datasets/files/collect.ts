/** The rows of a stream as an array (Array.fromAsync, which the language target's library does not declare yet). */
export async function collect<T>(rows: AsyncIterable<T> | Iterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const row of rows) all.push(row);
  return all;
}
