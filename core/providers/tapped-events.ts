import type { ProviderId } from "#core/catalog/provider-ids.ts";
import { ProviderFailure, type ProviderOutcome } from "./provider.ts";
import { type SseEvent, SseFrameTooLargeError, SseParser } from "./sse-parser.ts";

/** Reads what the gateway has to know of a stream, while its bytes pass. */
export interface EventTap {
  readonly provider: ProviderId;
  readonly outcome: ProviderOutcome;
  /** Whether the stream's last event has come. */
  readonly ended: boolean;
  /** @throws ProviderFailure for an event that reports one, or is none */
  read(event: SseEvent): void;
}

const carriageReturn = 13;
const frameEnd = "\n\n";

const toFrame = ({ event, data }: SseEvent): string =>
  `${event === "" ? "" : `event: ${event}\n`}data: ${data.replaceAll("\n", "\ndata: ")}\n\n`;

/** Whole frames of what arrives: the very bytes, unless the lines end in another way than in our own. */
class Frames {
  #carry: Buffer = Buffer.alloc(0);
  #rewrites = false;

  push(bytes: Buffer, events: readonly SseEvent[]): Buffer | string {
    this.#rewrites ||= bytes.includes(carriageReturn);
    if (this.#rewrites) return events.map(toFrame).join("");
    const joined = this.#carry.length === 0 ? bytes : Buffer.concat([this.#carry, bytes]);
    const end = joined.lastIndexOf(frameEnd);
    const whole = end < 0 ? 0 : end + frameEnd.length;
    this.#carry = joined.subarray(whole);
    return joined.subarray(0, whole);
  }
}

const malformed = (provider: ProviderId, what: string): ProviderFailure =>
  new ProviderFailure(provider, "malformed", `${provider}: ${what}`);

/**
 * The frames of a stream, as they came. Ends normally only after the last event.
 * @throws ProviderFailure, after the frames that came before the fault
 */
export async function* tappedEvents(
  body: AsyncIterable<Buffer>,
  tap: EventTap,
  toFailure: (error: unknown) => Error,
): AsyncGenerator<Buffer | string, void, undefined> {
  const parser = new SseParser();
  const frames = new Frames();
  /** Events of a read that brought a fault, as far as they were read. */
  let sound: readonly SseEvent[] = [];
  let delivered = false;
  const readAll = (events: readonly SseEvent[]): void => {
    for (const [at, event] of events.entries()) {
      sound = events.slice(0, at);
      tap.read(event);
    }
    sound = [];
  };
  try {
    for await (const part of body) {
      const events = parser.push(part);
      readAll(events);
      const ready = frames.push(part, events);
      if (ready.length === 0) continue;
      delivered ||= tap.outcome.contentStarted;
      yield ready;
    }
    const rest = parser.end();
    readAll(rest);
    if (!tap.ended) throw malformed(tap.provider, "the stream ended without its last event");
    if (rest.length > 0) yield rest.map(toFrame).join("");
  } catch (error) {
    // Where nothing was passed on yet, another target may still answer.
    if (sound.length > 0 && (delivered || tap.ended)) yield sound.map(toFrame).join("");
    // The answer is whole: how the connection ended after it is nothing that the caller could act on.
    if (tap.ended) return;
    if (error instanceof ProviderFailure) throw error;
    throw error instanceof SseFrameTooLargeError ? malformed(tap.provider, error.message) : toFailure(error);
  }
}
