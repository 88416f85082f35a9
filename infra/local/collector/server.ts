import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import * as z from "zod";

/**
 * A stand-in for an OpenTelemetry collector and for a webhook's receiver: it keeps the last messages in memory, and
 * `GET /received` shows them. `POST /answer` with `{"status": 503}` makes it fail from then on.
 */

export interface CollectorServer {
  /** Such as `http://127.0.0.1:4318`: exports go to `/v1/traces` or `/webhook` of it. */
  readonly url: string;
  readonly close: () => Promise<void>;
}

const maxMessages = 1_000;

export interface CollectedMessage {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
  /** What it was answered. */
  readonly status: number;
}

const answerSchema = z.object({ status: z.int().min(200).max(599) });

const parsed = (body: string): unknown => {
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return body;
  }
};

interface Answer {
  readonly status: number;
  readonly json: unknown;
}

/** Starts a collector on a free port of this machine. */
export const startCollector = async (): Promise<CollectorServer> => {
  const messages: CollectedMessage[] = [];
  let status = 200;
  const answer = async (request: IncomingMessage): Promise<Answer> => {
    const path = new URL(request.url ?? "/", "http://collector").pathname;
    if (request.method === "GET" && path === "/received") return { status: 200, json: { messages } };
    if (request.method !== "POST") return { status: 404, json: {} };
    const body = parsed(await text(request));
    if (path === "/answer") {
      const asked = answerSchema.safeParse(body);
      if (!asked.success) return { status: 400, json: {} };
      status = asked.data.status;
      return { status: 200, json: {} };
    }
    messages.push({ path, headers: request.headers, body, status });
    if (messages.length > maxMessages) messages.shift();
    return { status, json: {} };
  };
  const server = createServer((request, response) => {
    answer(request).then(
      (made) => {
        response.writeHead(made.status, { "content-type": "application/json" });
        response.end(JSON.stringify(made.json));
      },
      () => response.destroy(),
    );
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, "close").catch(() => undefined);
    },
  };
};
