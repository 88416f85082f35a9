import type { Vision, VisionAnswer } from "./vision.ts";

/** `event: delta` with text as it comes, then `event: done` with the whole answer. */

const event = (name: string, data: unknown): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;

/** Frames that wait to be read. */
class Waiting {
  #frames: string[] = [];
  #wake: (() => void) | undefined;
  #ended = false;

  push(frame: string): void {
    this.#frames.push(frame);
    this.#wake?.();
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  /** The next frames together; undefined after the last. */
  async next(): Promise<string | undefined> {
    for (;;) {
      if (this.#frames.length > 0) return this.#frames.splice(0).join("");
      if (this.#ended) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

async function* framesOf(waiting: Waiting, answering: Promise<VisionAnswer>): AsyncGenerator<string, void, undefined> {
  try {
    for (let frames = await waiting.next(); frames !== undefined; frames = await waiting.next()) yield frames;
    yield event("done", await answering);
  } finally {
    // Given up half way: the call is stopped by the run's signal, and its row is settled.
    await answering.catch(() => undefined);
  }
}

/** Resolves with the stream once the first text is here, so that an early failure is a true status. @throws GatewayError */
export const startVision = (vision: Vision): Promise<AsyncGenerator<string, void, undefined>> =>
  new Promise((resolve, reject) => {
    const waiting = new Waiting();
    const answering = vision.answer((text) => {
      if (text === "") return;
      waiting.push(event("delta", { text }));
      resolve(framesOf(waiting, answering));
    });
    answering.then(
      () => {
        waiting.end();
        resolve(framesOf(waiting, answering));
      },
      (error: unknown) => {
        waiting.end();
        // Without effect once the stream has begun: the generator throws it then.
        reject(error);
      },
    );
  });
