import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";

/** A request as it came over the wire. */
export interface FakeProviderRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The JSON body, or undefined where there was none. */
  readonly body: unknown;
}

export interface FakeProvider {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly url: string;
  /** Every request so far, in order of arrival. */
  readonly requests: readonly FakeProviderRequest[];
  readonly close: () => Promise<void>;
}

/**
 * Starts a raw HTTP server whose answers a test writes byte by byte. It knows no protocol. A handler that throws resets
 * the connection.
 */
export const startFakeProvider = async (
  handler: (request: FakeProviderRequest, response: ServerResponse) => void | Promise<void>,
): Promise<FakeProvider> => {
  const requests: FakeProviderRequest[] = [];
  const server = createServer(async (incoming, response) => {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
      const text = Buffer.concat(chunks).toString();
      const body: unknown = text === "" ? undefined : JSON.parse(text);
      const request = { method: incoming.method ?? "", path: incoming.url ?? "", headers: incoming.headers, body };
      requests.push(request);
      await handler(request, response);
    } catch (thrown) {
      response.destroy(thrown instanceof Error ? thrown : new Error(String(thrown)));
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The fake provider has no port.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
};

/** Sends a whole event stream: strings as they are, objects as JSON in `data:` frames. */
export const sse = (response: ServerResponse, frames: readonly (string | object)[]): void => {
  response.writeHead(200, { "content-type": "text/event-stream" });
  for (const frame of frames) response.write(typeof frame === "string" ? frame : `data: ${JSON.stringify(frame)}\n\n`);
  response.end();
};
