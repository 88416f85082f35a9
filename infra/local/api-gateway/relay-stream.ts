import type { InvocationOutcome } from "../lambda/outcome.ts";
import type { Exchange } from "./exchange.ts";
import { PreludeReader } from "./prelude.ts";
import { parsePrelude } from "./proxy-result.ts";

type StreamedOutcome = Extract<InvocationOutcome, { kind: "streamed" }>;

export interface RelayOptions {
  /** Silence after which the gateway gives up the client (not the function). */
  readonly idleTimeoutMs: number;
}

/**
 * Passes a streamed response on as it comes: metadata first, then every chunk in one write a read. A client that reads
 * slowly slows the function down, since nothing more is read from it meanwhile. A client that left is not noticed by
 * the function: it is read to its end. Resolves when the function's stream is over.
 * Length: the steps of one stream share its two ends and their listeners.
 */
export const relayStream = async (
  { body, ended }: StreamedOutcome,
  exchange: Exchange,
  { idleTimeoutMs }: RelayOptions,
): Promise<void> => {
  const { response } = exchange;
  const over = Promise.withResolvers<void>();
  const prelude = new PreludeReader();
  let began = false;
  // Once the client's answer is decided, the rest of the function's output is read and dropped.
  let discarding = false;

  const giveUp = (status: 502 | 504): void => {
    discarding = true;
    if (began) exchange.cut();
    else exchange.refuse(status === 504 ? "INTEGRATION_TIMEOUT" : "DEFAULT_5XX", status);
  };

  const idle = setTimeout(() => {
    giveUp(504);
    read();
  }, idleTimeoutMs);

  const begin = (chunk: Buffer): Buffer | undefined => {
    const state = prelude.push(chunk);
    if (state.kind === "incomplete") return undefined;
    try {
      if (state.kind === "malformed") throw new TypeError("No delimiter within the limit");
      const result = parsePrelude(state.json);
      if (exchange.answered) {
        discarding = true;
        return undefined;
      }
      exchange.begin(result);
    } catch {
      giveUp(502);
      return undefined;
    }
    began = true;
    if (state.rest.length > 0) return state.rest;
    response.flushHeaders();
    return undefined;
  };

  const read = (): void => {
    if (response.writableNeedDrain && !response.destroyed) return;
    for (let chunk: unknown = body.read(); Buffer.isBuffer(chunk); chunk = body.read()) {
      idle.refresh();
      if (discarding || (began && response.destroyed)) continue;
      const payload = began ? chunk : begin(chunk);
      if (payload !== undefined && !response.write(payload)) return;
    }
  };

  body.on("readable", read);
  response.on("drain", read);
  response.on("close", read);
  body.once("end", over.resolve);
  body.once("error", () => over.resolve());
  body.once("close", over.resolve);
  read();
  await over.promise;
  clearTimeout(idle);
  const failure = body.readableEnded ? await ended : true;
  if (discarding) return;
  if (!began) exchange.refuse("DEFAULT_5XX", 502);
  else if (failure !== undefined) exchange.cut();
  else response.end();
};
