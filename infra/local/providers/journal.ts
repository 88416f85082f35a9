import type { IncomingHttpHeaders } from "node:http";
import { type JsonObject, stringOf } from "./json.ts";

/** What became of a request: answered in full, ended by a scripted fault, or left by its client. */
export type RequestState = "open" | "complete" | "fault" | "client-left";

/** A request that a simulated provider received. Credentials are redacted. */
export interface ReceivedRequest {
  readonly provider: string;
  readonly method: string;
  /** As the provider would see it: `/v1/chat/completions`. */
  readonly path: string;
  readonly model: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The parsed JSON body; undefined if there is none, it is no object, or it was too large to keep. */
  readonly body: JsonObject | undefined;
  readonly state: RequestState;
  /** The HTTP status, once the headers were sent. */
  readonly status: number | undefined;
}

export interface JournalEntry {
  readonly update: (change: Partial<Pick<ReceivedRequest, "body" | "state" | "status">>) => void;
  /** Notes the end of the connection. A scripted fault stays one. */
  readonly close: (sentInFull: boolean) => void;
}

interface Entry {
  readonly read: () => ReceivedRequest;
}

const maximumEntries = 200;
const secretHeaders = ["authorization", "x-api-key", "x-goog-api-key", "x-key", "cookie"];

const redact = (headers: IncomingHttpHeaders): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, secretHeaders.includes(name) ? "[redacted]" : String(value)]),
  );

/** The last 200 requests, oldest first. */
export class Journal {
  #entries: Entry[] = [];

  add(provider: string, method: string, path: string, headers: IncomingHttpHeaders): JournalEntry {
    let received: ReceivedRequest = {
      provider,
      method,
      path,
      model: "",
      headers: redact(headers),
      body: undefined,
      state: "open",
      status: undefined,
    };
    const entry: Entry = { read: () => received };
    this.#entries.push(entry);
    if (this.#entries.length > maximumEntries) this.#entries.shift();
    return {
      update: (change) => {
        const model = change.body === undefined ? received.model : stringOf(change.body.model);
        received = { ...received, ...change, model };
      },
      close: (sentInFull) => {
        if (received.state === "open") received = { ...received, state: sentInFull ? "complete" : "client-left" };
      },
    };
  }

  requests(): readonly ReceivedRequest[] {
    return this.#entries.map((entry) => entry.read());
  }

  clear(): void {
    this.#entries = [];
  }
}
