import { once } from "node:events";
import { type AddressInfo, createServer, type Server } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, it, vi } from "vitest";

const servers: Server[] = [];
let opened: string[] = [];

const listen = async (name: string): Promise<string> => {
  const server = createServer((socket) => {
    opened.push(name);
    socket.on("error", () => undefined);
    socket.resume();
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  servers.push(server);
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
};

beforeAll(async () => {
  vi.stubEnv("UNKEY_URL", await listen("unkey"));
  vi.stubEnv("AWS_ENDPOINT_URL_DYNAMODB", await listen("dynamodb"));
});

beforeEach(() => {
  vi.resetModules();
  opened = [];
});

afterAll(() => {
  vi.unstubAllEnvs();
  for (const server of servers) server.close();
});

/** Builds a streaming function of a route, as Lambda's INIT does. */
const start = async (auth: "key" | "none"): Promise<void> => {
  const { byApiKey } = await import("#core/http/authenticate.ts");
  const { streamHandler } = await import("#core/http/handler.ts");
  const { chatCompletionsRoute } = await import("#core/routes.ts");
  const authenticate = auth === "key" ? byApiKey : undefined;
  streamHandler({ route: chatCompletionsRoute, authenticate, endpoints: {} });
};

it("a streaming function behind a key opens one connection to Unkey and one to DynamoDB when Lambda starts it", async () => {
  vi.stubEnv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
  await start("key");
  await vi.waitFor(() => expect(opened.sort()).toEqual(["dynamodb", "unkey"]));
});

it("no connection is opened without a key to verify, or outside Lambda", async () => {
  vi.stubEnv("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand");
  await start("none");
  vi.stubEnv("AWS_LAMBDA_INITIALIZATION_TYPE", undefined);
  await start("key");
  // A connection of this test is accepted after any that was opened before it.
  const { connectEarly } = await import("#core/outbound/post.ts");
  connectEarly(process.env.UNKEY_URL ?? "");
  await vi.waitFor(() => expect(opened).toEqual(["unkey"]));
});
