import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openForWhole, postWhole } from "#core/outbound/post-whole.ts";
import { connectAhead, readText, send } from "#core/outbound/transport.ts";

type Request = Pick<Parameters<typeof send>[0], "url" | "headersTimeoutMs" | "idleTimeoutMs"> & {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

const transports = [
  {
    name: "connectAhead",
    connect: connectAhead,
    read: async (request: Request) => readText(await send(request), 1_000),
  },
  {
    name: "openForWhole",
    connect: openForWhole,
    read: async (request: Request) => (await postWhole({ ...request, maxBytes: 1_000 })).bytes.toString(),
  },
];

/** Connections that are opened before a request needs them. */
describe.each(transports)("$name", ({ connect, read }) => {
  let server: Server;
  let url: string;
  let connections: number;

  beforeEach(async () => {
    connections = 0;
    server = createServer((request, response) => {
      request.resume().once("end", () => response.end(String(request.socket.remotePort)));
    }).on("connection", () => {
      connections += 1;
    });
    await once(server.listen(0, "127.0.0.1"), "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
  });

  afterEach(() => {
    vi.restoreAllMocks();
    server.closeAllConnections();
    server.close();
  });

  const opened = (count: number) => vi.waitFor(() => expect(connections).toBe(count));

  const ask = async (): Promise<string> => {
    const request = { url, headers: {}, body: "{}", headersTimeoutMs: 5_000, idleTimeoutMs: 5_000 };
    return read(request);
  };

  it("gives the next request its connection, which is kept as any other", async () => {
    connect(`${url}/another/path`);
    await opened(1);
    const port = await ask();
    expect(await ask()).toBe(port);
    expect(connections).toBe(1);
  });

  it("opens one connection to an origin, and none where one is free", async () => {
    connect(url);
    connect(url);
    await opened(1);
    await ask();
    connect(url);
    await ask();
    expect(connections).toBe(1);
  });

  it("gives two requests at once two connections", async () => {
    connect(url);
    const [first, second] = await Promise.all([ask(), ask()]);
    expect(first).not.toBe(second);
    expect(connections).toBe(2);
  });

  it("is not used when it has waited for so long that its server may have closed it", async () => {
    connect(url);
    await opened(1);
    const now = Date.now();
    vi.spyOn(Date, "now").mockReturnValue(now + 5_001);
    await ask();
    expect(connections).toBe(2);
  });

  it("is not used once its server has closed it", async () => {
    connect(url);
    await opened(1);
    server.closeAllConnections();
    // A request on another origin takes as long as the end of that connection needs to arrive.
    await vi.waitFor(async () => expect(await ask()).toMatch(/^\d+$/));
    expect(connections).toBe(2);
  });

  it("leaves it to the request to meet an origin that nobody answers at", async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
    connect(url);
    await expect(ask()).rejects.toMatchObject({ failure: "network", networkCode: "ECONNREFUSED" });
    connect(url);
    await expect(ask()).rejects.toMatchObject({ failure: "network", networkCode: "ECONNREFUSED" });
  });
});
