import { beforeEach, describe, expect, it } from "vitest";
import type { HttpReply } from "#tests/accounts/support/gateway.ts";
import { type CapturedLog, captureLog } from "#tests/accounts/support/log.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { errorOf } from "#tests/e2e/client.ts";
import { type Tenant, useAttackedGateway } from "./support/gateway.ts";
import { nowhere, type SampledOperation, sampledOperations, sendAs } from "./support/samples.ts";

/** Line breaks, control characters and very long values wherever a caller's text may end up in a header or a log line. */

const values = [
  "a\r\nSet-Cookie: evil=1\r\n\r\n<script>",
  'a\n{"level":"ERROR","message":"forged"}\n',
  "a\u0000b\u0007\u001b[31m\u0085\u2028\u2029",
  "\ud800 \udfff",
  "ключ-💥",
  '"},"forged":{"a":"',
  "x".repeat(20_000),
] as const;

const headerNames = [
  "x-request-id",
  "x-client-request-id",
  "idempotency-key",
  "x-provider-key",
  "x-cache",
  "x-cache-ttl",
  "x-guardrails",
  "accept",
  "user-agent",
  "referer",
  "x-forwarded-for",
  "x-amzn-trace-id",
  "traceparent",
  "cookie",
] as const;

/** Fields of any body that take a free text, and what holds the name of something. */
const textFields: ReadonlySet<string> = new Set([
  ...["model", "name", "slug", "displayName", "prompt", "message", "text", "input", "email", "next", "model_name"],
  ...["image_url", "webhookUrl", "user", "language_boost", "filename", "prompt_id", "prompt_version", "tool_call_id"],
]);

const withTexts = (body: unknown, value: string): readonly object[] => {
  if (typeof body !== "object" || body === null) return [];
  const extra = ["user", "prompt_id", "prompt_version", "webhookUrl"].map((name) => ({ ...body, [name]: value }));
  const own = Object.keys(body)
    .filter((name) => textFields.has(name))
    .map((name) => ({ ...body, [name]: value }));
  return [...own, ...extra, { ...body, [value]: value }];
};

const mostLineCharacters = 8_000;

/** Every line is one JSON object of our own making. */
const expectSoundLog = (log: CapturedLog): void => {
  const lines = log
    .text()
    .split("\n")
    .filter((line) => line !== "");
  for (const line of lines) {
    const parsed: unknown = JSON.parse(line);
    expect(typeof parsed === "object" && parsed !== null && !Array.isArray(parsed)).toBe(true);
    expect(line.length).toBeLessThan(mostLineCharacters);
    // No control character reaches a terminal or a viewer as such.
    expect(line).not.toMatch(/[\u0000-\u001f\u007f]/);
    expect(parsed).not.toHaveProperty("forged");
    expect(parsed).not.toMatchObject({ message: "forged" });
  }
};

const expectSoundAnswer = (reply: HttpReply): void => {
  expect(reply.status, reply.text.slice(0, 300)).not.toBe(500);
  for (const [name, value] of Object.entries(reply.headers)) {
    expect(name).toMatch(/^[a-z0-9-]+$/);
    expect(value).toMatch(/^[\t\x20-\x7e]*$/);
    // All headers of an answer share 10 KB at API Gateway.
    expect(value.length).toBeLessThan(2_000);
  }
  for (const cookie of reply.setCookies) expect(cookie).toMatch(/^[\x20-\x7e]+$/);
  expect(reply.setCookies.join()).not.toContain("evil");
  if (reply.status >= 400) expect(errorOf(reply.json()).code).toMatch(/^\w+$/);
};

describe.skipIf(!hasTables)(`injection (${tablesName})`, () => {
  const gateway = useAttackedGateway();
  const log = captureLog();
  let tenant: Tenant | undefined;

  beforeEach(async () => {
    tenant ??= await gateway().createTenant();
    log.clear();
  });

  const send = (
    operation: SampledOperation,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
    path = operation.sample(nowhere).path,
  ): Promise<HttpReply> => sendAs(tenant as Tenant, operation, body === undefined ? { path } : { path, body }, headers);

  const quick = sampledOperations.filter(({ route }) => !["FashionSubscribe", "ImageEdit"].includes(route.id));

  it.each(quick.map((operation) => [operation.name, operation] as const))(
    "by any header of %s leaves headers whole and log lines one object each",
    async (_name, operation) => {
      const { body } = operation.sample(nowhere);
      for (const value of values) {
        // All at once; what one of them refuses is logged all the same.
        const all = Object.fromEntries(headerNames.map((name) => [name, value]));
        const session = operation.route.auth === "session" || operation.route.auth === "key-or-session";
        const { cookie: _cookie, ...others } = all;
        expectSoundAnswer(await send(operation, body, session ? others : all));
        expectSoundAnswer(await send(operation, body, { "x-request-id": value, "user-agent": value }));
      }
      expectSoundLog(log);
    },
    // An export reads every day of the retention, also of an account that is empty.
    60_000,
  );

  it.each(
    quick.flatMap((operation) =>
      operation.sample(nowhere).body === undefined ? [] : [[operation.name, operation] as const],
    ),
  )(
    "by any text of the body of %s does the same",
    async (_name, operation) => {
      for (const value of values) {
        for (const body of withTexts(operation.sample(nowhere).body, value))
          expectSoundAnswer(await send(operation, body));
      }
      expectSoundLog(log);
    },
    60_000,
  );

  it.each(
    quick
      .filter(({ route, query }) => route.path.includes("{") || query.length > 0)
      .map((operation) => [operation.name, operation] as const),
  )("by the path or the query of %s does the same", async (_name, operation) => {
    for (const value of values.slice(0, -1)) {
      const encoded = encodeURIComponent(value.toWellFormed());
      const path = operation.route.path.replace(/\{\w+\+?\}/, encoded);
      const query = operation.query.map((name) => `${name}=${encoded}`).join("&");
      expectSoundAnswer(await send(operation, operation.sample(nowhere).body, {}, `${path}?${query}`));
    }
    expectSoundLog(log);
  });

  it("by a provider's answer: ids, models, errors and headers of its own", async () => {
    const operation = sampledOperations.find(({ route }) => route.id === "ChatCompletions");
    if (operation === undefined) throw new Error("There are no chat completions");
    for (const value of values) {
      const said = value.replaceAll("]]", "");
      for (const directive of [
        `text=${said}`,
        `status=400 code=${said.replaceAll(/\s/g, "_")}`,
        `status=429 message=${said.replaceAll(/\s/g, "_")}`,
      ]) {
        for (const stream of [false, true]) {
          const messages = [{ role: "user", content: `[[simulate: ${directive}]]` }];
          expectSoundAnswer(await send(operation, { model: "gpt", messages, stream, retries: 0 }));
        }
      }
    }
    expectSoundLog(log);
  });

  it("is seen by these tests: a line of two objects, and one with a control character", () => {
    const good = '{"message":"request"}\n';
    const written = (text: string): CapturedLog => ({ text: () => good + text, clear: () => undefined });
    expect(() => expectSoundLog(written('{"a":"b"}\n'))).not.toThrow();
    expect(() => expectSoundLog(written('{"a":1}{"b":2}\n'))).toThrow();
    expect(() => expectSoundLog(written('{"a":"\u007f"}\n'))).toThrow();
    expect(() => expectSoundLog(written('{"message":"forged"}\n'))).toThrow();
  });
});
