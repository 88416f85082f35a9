import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { send } from "#core/outbound/transport.ts";
import { AudioSource } from "#core/providers/media/minimax/audio-source.ts";

const { signal } = new AbortController();
const timeouts = { headersTimeoutMs: 10_000, idleTimeoutMs: 10_000 };

/** Audio from a server that answers one request and closes. */
export const serveAudio = async (answer: (response: ServerResponse) => void | Promise<void>): Promise<AudioSource> => {
  const server = createServer((_, response) => {
    void answer(response);
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return new AudioSource(await send({ url, headers: {}, signal, ...timeouts }), signal);
};
