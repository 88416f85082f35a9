import { once } from "node:events";
import { createServer } from "node:http";
import { startUnkey } from "#infra/local/unkey/server.ts";

/** What becomes of a call to Unkey. */
export type UnkeyMode = "up" | "reset" | "error-500" | "silent";

export interface UnkeyProxy {
  /** What the gateway is given as `UNKEY_URL`. */
  readonly url: string;
  /** The keys of every verifyKey call so far, in order. */
  readonly verified: readonly string[];
  /** From now on. */
  setMode(mode: UnkeyMode): void;
  close(): Promise<void>;
}

/** The names under which the local cloud knows Unkey. */
const rootKey = "unkey_local_root";
const apiId = "api_local";

/** Our Unkey behind a door that a test may shut, and that writes down who is asked about. */
export const startUnkeyProxy = async (): Promise<UnkeyProxy> => {
  const unkey = await startUnkey({ rootKey, apiId });
  const verified: string[] = [];
  let mode: UnkeyMode = "up";
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(Buffer.from(part));
    const body = Buffer.concat(parts).toString();
    if (request.url === "/v2/keys.verifyKey") verified.push((JSON.parse(body) as { key: string }).key);
    if (mode === "silent") return;
    if (mode === "reset") {
      request.socket.resetAndDestroy();
      return;
    }
    if (mode === "error-500") {
      response.writeHead(500, { "content-type": "application/json" }).end("{}");
      return;
    }
    const answer = await fetch(`${unkey.url}${request.url}`, {
      method: request.method ?? "POST",
      headers: {
        "content-type": "application/json",
        accept: request.headers.accept ?? "application/json",
        authorization: request.headers.authorization ?? "",
      },
      ...(body === "" ? {} : { body }),
    });
    response.writeHead(answer.status, { "content-type": answer.headers.get("content-type") ?? "application/json" });
    response.end(await answer.text());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("The proxy has no port.");
  return {
    url: `http://127.0.0.1:${address.port}`,
    verified,
    setMode: (next) => {
      mode = next;
    },
    close: async () => {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
      await unkey.close();
    },
  };
};
