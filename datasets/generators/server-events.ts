// Server-sent events as chat endpoints send them: the data of each event, as it comes.
// Derives from the WHATWG HTML standard, section 9.2 (line ends CR, LF or CRLF; several `data:` lines make one text).

/** The data of each event. A last event that no blank line ends is given too, as some servers leave it. */
export async function* eventData(chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  let data: string[] = [];
  const take = function* (lines: string[]): Generator<string> {
    for (const line of lines) {
      if (line.startsWith("data:")) data.push(line.slice(line[5] === " " ? 6 : 5));
      else if (line === "" && data.length > 0) {
        yield data.join("\n");
        data = [];
      }
    }
  };
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true });
    // A CR at the end may be half of a CRLF.
    const lines = rest.split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    yield* take(lines);
  }
  yield* take([...(rest + decoder.decode()).split(/\r\n|\n|\r/), ""]);
}
