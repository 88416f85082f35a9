import { beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { OperationTable } from "#core/openapi/operation.ts";
import { operations } from "#core/openapi/operations.ts";
import type { HttpReply } from "#tests/accounts/support/gateway.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { errorOf } from "#tests/e2e/client.ts";
import { fc, longestMs, runs } from "#tests/support/property.ts";
import { type Tenant, useAttackedGateway } from "./support/gateway.ts";
import { brokenBody } from "./support/hostile.ts";
import { nowhere, type SampledOperation, sampledOperations, sendAs } from "./support/samples.ts";

/**
 * Every operation of the route table against JSON that nobody means: prototypes, bombs, and what fast-check makes of its
 * schema. tests/accounts/bad-input.test.ts does the same more closely to what opens by a session.
 */

const table: OperationTable = operations;
const schemaOf = ({ route, method }: SampledOperation): z.core.$ZodType | undefined => table[route.id]?.[method]?.body;
const withBody = sampledOperations.filter((operation) => schemaOf(operation) !== undefined);
const byName = (list: readonly SampledOperation[]) => list.map((operation) => [operation.name, operation] as const);

/** Names of a schema's fields, where it has any of its own. */
const fieldsOf = (schema: z.core.$ZodType | undefined): readonly string[] =>
  schema !== undefined && "shape" in schema ? Object.keys(schema.shape as object) : [];

const deep = (levels: number, open: string, close: string): string => `${open.repeat(levels)}1${close.repeat(levels)}`;

/** A good body as text, with a member put first. */
const withMember = (body: unknown, member: string): string => `{${member},${JSON.stringify(body).slice(1)}`;

const pollution = [
  '"__proto__":{"polluted":true}',
  '"constructor":{"prototype":{"polluted":true}}',
  '"metadata":{"__proto__":{"polluted":true}}',
  '"messages":[{"role":"user","content":"x","constructor":{"prototype":{"polluted":true}}}],"a":{"__proto__":null}',
  '"\\u005f_proto__":{"polluted":true}',
];

const bombs: Readonly<Record<string, (body: unknown) => string>> = {
  "arrays 200,000 deep": () => deep(200_000, "[", "]"),
  "objects 200,000 deep in a field": (body) => withMember(body, `"x":${deep(200_000, '{"a":', "}")}`),
  "a list of 300,000 numbers": (body) => withMember(body, `"x":[${"1,".repeat(300_000)}1]`),
  "a list of 100,000 objects": (body) => withMember(body, `"x":[${"{},".repeat(100_000)}{}]`),
  "20,000 fields": (body) => withMember(body, Array.from({ length: 20_000 }, (_, index) => `"f${index}":0`).join(",")),
  "a number of a million digits": (body) => withMember(body, `"x":${"9".repeat(1_000_000)}`),
  "numbers beyond every range": (body) =>
    withMember(body, '"temperature":1e999,"seed":-1e999,"n":1e400,"max_tokens":1e-999'),
  "one field twice": (body) => withMember(JSON.parse(JSON.stringify(body)), '"model":"none","model":"none"'),
  "a name of a million characters": (body) => withMember(body, `"${"x".repeat(1_000_000)}":1`),
};

const pollutedNames = (): readonly string[] => Object.keys(Object.prototype);

const rpcErrorSchema = z.object({
  jsonrpc: z.literal("2.0"),
  error: z.object({ code: z.number(), message: z.string() }),
});

describe.skipIf(!hasTables)(`JSON that nobody means (${tablesName})`, () => {
  const gateway = useAttackedGateway();
  const log = captureLog();
  let tenant: Tenant | undefined;

  beforeEach(async () => {
    tenant ??= await gateway().createTenant();
  });

  const send = (operation: SampledOperation, body: unknown, query?: string): Promise<HttpReply> => {
    const { path } = operation.sample(nowhere);
    const asked = query === undefined ? path : `${path}${path.includes("?") ? "&" : "?"}${query}`;
    return sendAs(tenant as Tenant, operation, { path: asked, ...(body === undefined ? {} : { body }) });
  };

  /** An error of ours, or of JSON-RPC, whose codes are numbers. */
  const expectCode = (json: unknown): void => {
    const rpc = rpcErrorSchema.safeParse(json);
    if (rpc.success) expect(rpc.data.error.code).toBeLessThan(0);
    else expect(errorOf(json).code).toMatch(/^\w+$/);
  };

  /** Answered, by whoever's fault it is, but not by a bug of ours; nothing polluted. */
  const expectSound = (reply: HttpReply): void => {
    expect(reply.status, reply.text.slice(0, 500)).not.toBe(500);
    // Also inside a stream; the OpenAPI document names every code.
    expect(reply.text).not.toMatch(/"code":"INTERNAL_ERROR"/);
    expect(log.text()).not.toContain("Unexpected error");
    if (reply.status >= 400) expectCode(reply.json());
    for (const value of Object.values(reply.headers)) expect(value).toMatch(/^[\t\x20-\x7e\x80-\xff]*$/);
    expect(pollutedNames()).toEqual([]);
  };

  it.each(byName(withBody))("prototypes cannot be reached by the body of %s", async (_name, operation) => {
    const { body } = operation.sample(nowhere);
    for (const member of pollution) {
      const reply = await send(operation, withMember(body, member));
      expectSound(reply);
      expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", message: expect.stringContaining("__proto__") });
    }
  });

  it.each(byName(sampledOperations))("prototypes cannot be reached by the query of %s", async (_name, operation) => {
    const query =
      "__proto__=polluted&constructor=polluted&__proto__[polluted]=1&constructor[prototype][polluted]=1&" +
      "__proto__.polluted=1&a[__proto__][polluted]=1&id=__proto__&keyId=constructor&limit=__proto__&code=constructor";
    expectSound(await send(operation, operation.sample(nowhere).body, query));
  });

  it.each(byName(withBody))(
    "bombs do no harm to %s",
    async (_name, operation) => {
      const { body } = operation.sample(nowhere);
      for (const make of Object.values(bombs)) expectSound(await send(operation, make(body)));
    },
    longestMs(60_000),
  );

  it.each(byName(withBody))(
    "no body of any shape is a 500 at %s",
    async (_name, operation) => {
      const { body } = operation.sample(nowhere);
      const shapes = fc.oneof(
        { weight: 4, arbitrary: brokenBody(body, fieldsOf(schemaOf(operation))) },
        { weight: 1, arbitrary: fc.json({ maxDepth: 4 }) },
      );
      await fc.assert(
        fc.asyncProperty(shapes, async (shape) => {
          expectSound(await send(operation, shape === undefined ? "" : shape));
        }),
        { numRuns: runs(20) },
      );
    },
    longestMs(60_000),
  );
});
