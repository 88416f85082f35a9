import { randomUUID } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { request } from "#tests/accounts/support/gateway.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { type Tenant, useAttackedGateway } from "./support/gateway.ts";
import { nowhere, type SampledOperation, sampledOperations } from "./support/samples.ts";

/**
 * What a browser sends because another site told it to. tests/accounts/sessions.test.ts has every form of Origin; here no
 * operation of the route table is forgotten.
 */

const changes = (operation: SampledOperation): boolean => operation.method !== "GET";
const isOf = (operation: SampledOperation, ...auths: readonly string[]): boolean =>
  auths.includes(operation.route.auth);

/** What a cookie opens, or what needs nothing and acts: it must come from our own page. */
const byCookie = sampledOperations.filter(
  (operation) =>
    changes(operation) &&
    (isOf(operation, "session", "key-or-session") || operation.route.path.startsWith("/api/auth/")),
);
const byKey = sampledOperations.filter((operation) => isOf(operation, "key"));

const foreign: readonly Readonly<Record<string, string>>[] = [
  {},
  { origin: "https://evil.example" },
  { origin: "null" },
  { "sec-fetch-site": "cross-site" },
  { "sec-fetch-site": "same-site" },
  { "sec-fetch-site": "none" },
  { origin: "http://localhost:8787", "sec-fetch-site": "cross-site" },
  { origin: "https://evil.example", referer: "http://localhost:8787/dashboard", "x-forwarded-host": "evil.example" },
  { origin: "https://evil.example", "x-http-method-override": "GET" },
];

describe.skipIf(!hasTables)(`another site (${tablesName})`, () => {
  const gateway = useAttackedGateway();
  captureLog();
  let tenant: Tenant | undefined;

  beforeEach(async () => {
    tenant ??= await gateway().createTenant();
  });

  const sendFrom = (operation: SampledOperation, headers: Readonly<Record<string, string>>) =>
    request({
      method: operation.method,
      ...operation.sample(nowhere),
      headers: { cookie: tenant?.browser.cookieHeader ?? "", ...headers },
      sourceIp: randomUUID(),
    });

  it("has something to attack", () => {
    expect(byCookie.length).toBeGreaterThan(10);
    expect(byKey.length).toBeGreaterThan(20);
  });

  it.each(byCookie.map((operation) => [operation.name, operation] as const))(
    "makes a browser do nothing by %s",
    async (_name, operation) => {
      for (const headers of foreign) {
        const reply = await sendFrom(operation, headers);
        expect([headers, reply.error().code]).toEqual([headers, "FORBIDDEN"]);
        expect(reply.setCookies).toEqual([]);
        expect(Object.keys(reply.headers).filter((name) => name.startsWith("access-control"))).toEqual([]);
      }
    },
  );

  it.each(byKey.map((operation) => [operation.name, operation] as const))(
    "gets nothing by the cookie at %s, which takes a key",
    async (_name, operation) => {
      for (const headers of [{}, { origin: "http://localhost:8787", "sec-fetch-site": "same-origin" }]) {
        expect((await sendFrom(operation, headers)).error().code).toBe("UNAUTHORIZED");
      }
      const preflight = await request({ method: "OPTIONS", path: operation.sample(nowhere).path });
      expect(preflight.headers["access-control-allow-credentials"]).toBeUndefined();
    },
  );

  it("reads nothing that a cookie opens: no answer of a session allows an origin", async () => {
    for (const operation of sampledOperations.filter((each) => isOf(each, "session", "key-or-session"))) {
      if (changes(operation)) continue;
      const reply = await sendFrom(operation, { origin: "https://evil.example" });
      expect([operation.name, reply.headers["access-control-allow-origin"]]).toEqual([operation.name, undefined]);
      expect(reply.headers["cache-control"]).toBe("no-store");
    }
  });
});
