import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { hashKey } from "#core/db/key-marks.ts";
import { tables } from "#core/tables.ts";
import { unknownKey } from "#tests/bench/scenarios.ts";
import type { DependenciesReady } from "./dependencies.ts";
import { serve } from "./process.ts";

/**
 * DynamoDB and Unkey that know one answer to each call of a chat, and give it at once. The embedded engine writes one row
 * at a time, some 2 ms each: four writes a request would be what a bench of the gateway measures. `--engine` takes it instead.
 */

const host = "127.0.0.1";
const userId = "bench-user";
const keyId = "key_bench";
const minuteMs = 60_000;

/** Base58 as Unkey makes them; nobody looks it up. */
const apiKey = "ck_BenchBenchBenchBenchBe";

const limitOf = (name: string) => ({
  id: "",
  name,
  limit: 100_000_000,
  remaining: 99_999_999,
  duration: minuteMs,
  reset: Date.now() + minuteMs,
  exceeded: false,
  autoApply: true,
});

const verdict = JSON.stringify({
  meta: { requestId: "req_bench" },
  data: {
    valid: true,
    code: "VALID",
    keyId,
    enabled: true,
    identity: { id: "id_bench", externalId: userId },
    ratelimits: [limitOf("requests"), limitOf("chat-completions")],
  },
});

const answers: Readonly<Record<string, string>> = {
  GetItem: JSON.stringify({
    Item: {
      keyId: { S: keyId },
      userId: { S: userId },
      enabled: { BOOL: true },
      // Ahead of every run, so that no request writes a verification anew.
      verifiedAt: { N: String(Date.now() + 60 * minuteMs) },
      // As after a few minutes of use: no request, not even a cold one, asks for provider keys.
      providerKeysAdded: { N: "0" },
      noProviderKeysAt: { N: String(Date.now() + 60 * minuteMs) },
    },
  }),
  Query: '{"Count":0,"Items":[],"ScannedCount":0}',
  PutItem: "{}",
  UpdateItem: JSON.stringify({ Attributes: { providerKeysAdded: { N: "0" } } }),
};

const unknown = JSON.stringify({ meta: { requestId: "req_bench" }, data: { valid: false, code: "NOT_FOUND" } });

const unknownHash = hashKey(unknownKey);

const answerTo = ({ url, headers }: IncomingMessage, body: string): string | undefined => {
  if (url === "/v2/keys.verifyKey") return body.includes(apiKey) ? verdict : unknown;
  if (body.includes(unknownHash)) return "{}";
  const target = headers["x-amz-target"];
  return typeof target === "string" ? answers[target.slice(target.indexOf(".") + 1)] : undefined;
};

const receive = (request: IncomingMessage, response: ServerResponse): void => {
  let asked = "";
  request.setEncoding("utf8");
  request.on("data", (part: string) => {
    asked += part;
  });
  request.once("end", () => {
    const text = answerTo(request, asked);
    // A call that a chat does not make today: the bench has to learn it, not to hide it.
    response.statusCode = text === undefined ? 400 : 200;
    const body = text ?? '{"__type":"UnknownOperationException"}';
    response.setHeader("content-length", Buffer.byteLength(body));
    response.end(body);
  });
};

const server = createServer({ keepAliveTimeout: 120_000 }, receive);
server.listen(0, host, () => {
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;
  const tableNames = Object.fromEntries(Object.keys(tables).map((id) => [id, `bench-${id}`]));
  const ready: DependenciesReady = {
    dynamoDbEndpoint: url,
    tableNames: tableNames as DependenciesReady["tableNames"],
    unkey: { url, rootKey: "unkey_bench_root", apiId: "api_bench" },
    apiKey,
    userId,
  };
  serve(ready, {}, () => server.closeAllConnections());
});
