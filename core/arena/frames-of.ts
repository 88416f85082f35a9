/** What is told while work runs, as it is told. Ends after the work; what ends the work early is thrown. */
export async function* framesOf(
  work: (tell: (frame: string) => void) => Promise<unknown>,
): AsyncGenerator<string, void, undefined> {
  const waiting: string[] = [];
  let wake: (() => void) | undefined;
  let ended = false;
  const working = work((frame) => {
    waiting.push(frame);
    wake?.();
  }).finally(() => {
    ended = true;
    wake?.();
  });
  // Awaited below; until then a rejection must not count as unhandled.
  working.catch(() => undefined);
  try {
    for (;;) {
      if (waiting.length > 0) yield waiting.splice(0).join("");
      else if (ended) break;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    await working;
  } finally {
    // Given up half way: the calls are stopped by the run's signal, and their rows are settled.
    await working.catch(() => undefined);
  }
}
