import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { type TableId, tables } from "#core/tables.ts";
import { accessLogFormat } from "#infra/access-log.ts";
import type { HttpReply } from "#tests/accounts/support/gateway.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { sessionOf } from "#tests/accounts/support/tokens.ts";
import type { Fault, Relay, RelayedRequest } from "#tests/core/support/relay.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { platformKey, type Tenant, useAttackedGateway } from "./support/gateway.ts";
import { nowhere, type SampledOperation, type SampleParts, sampledOperations, sendAs } from "./support/samples.ts";
import { nodesIn, sourceFiles } from "./support/source.ts";

/**
 * Secrets, prompts and answers that are known by sight are pushed through every operation, whatever becomes of it, and then
 * looked for in everything that comes out: log lines, metrics, error bodies, headers, and every row of every table.
 */

const prompt = "CANARY-prompt-7f3a91";
const answer = "CANARY-answer-9c1e02";
const providerKey = "sk-CANARYprovider0123456789abcdefWXYZ";
const wrongPassword = "CANARY-wrong-password-1";

/** A text as others may write it: in base64 at any offset, in hexadecimal, in a URL. */
const forms = (text: string): readonly string[] => {
  const base64 = ["", "a", "aa"].map((before) => {
    const encoded = Buffer.from(before + text).toString("base64");
    // Less what the neighbours have a part in.
    return encoded.slice(before.length === 0 ? 0 : 4, -4);
  });
  return [text, ...base64, Buffer.from(text).toString("hex"), encodeURIComponent(text)];
};

const providers = ["openai", "anthropic", "google", "minimax", "fashn", "fal", "bfl"] as const;

const bigints = (_name: string, value: unknown): unknown => (typeof value === "bigint" ? String(value) : value);

describe.skipIf(!hasTables)(`a canary pushed through everything (${tablesName})`, () => {
  const gateway = useAttackedGateway();
  const log = captureLog();
  let tenant: Tenant | undefined;
  /** Every secret by name; keys that are made on the way join them. */
  const secrets = new Map<string, string>();
  const replies: { readonly name: string; readonly reply: HttpReply }[] = [];

  const owner = (): Tenant => {
    if (tenant === undefined) throw new Error("There is no tenant");
    return tenant;
  };

  beforeEach(async () => {
    if (tenant !== undefined) return;
    tenant = await gateway().createTenant();
    // What is recorded lies sealed, and nowhere else.
    const recorded = await tenant.browser.patch(`/api/v1/keys/${tenant.keyId}`, { recordContent: { days: 1 } });
    expect(recorded.status, recorded.text).toBe(200);
    const { access_token: access, refresh_token: refresh } = sessionOf(tenant.browser);
    secrets.set("API key", tenant.key);
    secrets.set("platform's provider key", platformKey);
    secrets.set("stored provider key", providerKey);
    secrets.set("password", tenant.password);
    secrets.set("wrong password", wrongPassword);
    secrets.set("access token's signature", access.split(".")[2] ?? "");
    secrets.set("refresh token", refresh);
    secrets.set("Unkey's root key", "unkey_root_of_the_tests");
    secrets.set("Supabase's anon key", "anon-key-of-the-tests");
    for (const provider of providers) {
      const stored = { provider, slug: `canary-${provider}`, displayName: "A canary", apiKey: providerKey };
      expect((await tenant.browser.post("/api/v1/provider-keys", stored)).status).toBe(201);
    }
  });

  const textOf = (directive: string): string => `${prompt} [[simulate: ${directive} text=${answer}]]`;

  /** Names are kept in the clear: they are nobody's secret. */
  const namesThings = ({ route }: SampledOperation): boolean => ["Keys", "Key", "ProviderKeys"].includes(route.id);

  const parts = (text: string): SampleParts => ({ ...nowhere, text, providerKey, password: wrongPassword });

  const run = async (
    operation: SampledOperation,
    text: string,
    change: (body: unknown) => unknown = (body) => body,
  ): Promise<HttpReply> => {
    const { path, body } = operation.sample(parts(namesThings(operation) ? "A name" : text));
    const headers = { "x-request-id": "a-canary" };
    const sent = change(body);
    const reply = await sendAs(owner(), operation, { path, ...(sent === undefined ? {} : { body: sent }) }, headers);
    // The arena tells the question again, which holds what scripts the provider.
    const asked = reply.text.replaceAll(JSON.stringify(text).slice(1, -1), "");
    // The owner's export has what the owner's key has recorded: prompts as they were sent.
    const said = asked.replaceAll(/^\{"type":"content",.*$/gm, "");
    replies.push({ name: operation.name, reply: { ...reply, text: said } });
    const made = /"key":"(ck_\w+)"/.exec(reply.text)?.[1];
    if (made !== undefined) secrets.set(`key made by ${operation.name} ${secrets.size}`, made);
    return reply;
  };

  /** What is found of the canaries in a text. */
  const found = (text: string, also: readonly string[] = []): readonly string[] => [
    ...[...secrets].filter(([, secret]) => forms(secret).some((form) => text.includes(form))).map(([name]) => name),
    ...also.filter((each) => forms(each).some((form) => text.includes(form))),
  ];

  const expectClean = async (): Promise<void> => {
    expect(found(log.text(), [prompt, answer])).toEqual([]);
    for (const { name, reply } of replies.splice(0)) {
      expect([name, found(JSON.stringify(reply.headers), [prompt, answer])]).toEqual([name, []]);
      // A key that was made is shown this once; an access token leaves in its cookie only.
      const shown = found(reply.text).filter((each) => !each.startsWith(`key made by ${name}`));
      expect([name, shown]).toEqual([name, []]);
      if (reply.status >= 400) expect([name, found(reply.text, [prompt, answer])]).toEqual([name, []]);
    }
    for (const table of Object.keys(tables) as TableId[]) {
      const rows = JSON.stringify(await gateway().rows(table), bigints);
      expect([table, found(rows, [prompt, answer])]).toEqual([table, []]);
    }
  };

  const isPatient = ({ route }: SampledOperation): boolean => ["FashionSubscribe", "Embeddings"].includes(route.id);

  const named = sampledOperations.map((operation) => [operation.name, operation] as const);

  it("is answered, kept and logged where it may be: the search would find it", async () => {
    const operation = sampledOperations.find(({ route }) => route.id === "ChatCompletions");
    if (operation === undefined) throw new Error("There are no chat completions");
    const reply = await run(operation, textOf("length=1"));
    expect([reply.status, reply.text.includes(answer)]).toEqual([200, true]);
    expect(log.text()).toContain('"message":"request"');
    expect(log.text()).toContain('"_aws"');
    expect(found(`x${Buffer.from(`y${providerKey}z`).toString("base64")}`)).toEqual(["stored provider key"]);
    const kept = (await gateway().rows("cache")).map(({ sk }) => String(sk).split("#")[0]);
    expect(kept).toEqual(expect.arrayContaining(["ANSWER", "CONTENT"]));
    await expectClean();
  });

  const refused: readonly ((body: unknown) => unknown)[] = [
    (body) => `${JSON.stringify(body).slice(0, -1)},"apiKey":"${providerKey}","password":"${wrongPassword}",`,
    (body) => ({ ...(body as object), [prompt.slice(0, 3)]: providerKey, apiKey: [providerKey], model: [prompt] }),
    (body) => ({ ...(body as object), email: providerKey, password: [wrongPassword], messages: prompt }),
  ];

  it.each(named)(
    "leaks nothing by %s that goes well, that its provider fails quoting the key, and that is refused",
    async (_name, operation) => {
      await run(operation, textOf("polls=1"));
      const quoted = `Incorrect_API_key_provided:_${providerKey}`;
      const failures = [`status=400 message=${quoted}`, `status=401 message=${quoted}`, "status=500", "reset"];
      // A stream of a job waits for the job; one failure of it is enough.
      const tried = operation.route.auth === "key" ? failures.slice(0, isPatient(operation) ? 1 : undefined) : [];
      for (const failure of tried) await run(operation, textOf(failure));
      const hasBody = operation.sample(nowhere).body !== undefined;
      for (const change of hasBody ? refused : []) await run(operation, textOf("length=1"), change);
      await expectClean();
    },
  );

  const awsError = (type: string, message: string): Fault => ({
    kind: "answer",
    status: 400,
    body: JSON.stringify({ __type: `com.amazonaws#${type}`, message }),
  });

  /** Each quotes what it was sent, as parts that fail may. */
  it.each<[string, () => Relay, (request: RelayedRequest) => Fault]>([
    ["DynamoDB", () => gateway().dynamoDb, () => ({ kind: "reset" })],
    ["DynamoDB, quoting", () => gateway().dynamoDb, ({ body }) => awsError("ValidationException", body)],
    ["KMS, quoting", () => gateway().kms, ({ body }) => awsError("AccessDeniedException", body)],
    ["Unkey", () => gateway().unkey, () => ({ kind: "reset" })],
    [
      "Unkey, quoting",
      () => gateway().unkey,
      ({ body, headers }) => ({ kind: "answer", status: 500, body: body + headers.authorization }),
    ],
    [
      "Unkey, with a verdict that is none,",
      () => gateway().unkey,
      ({ body }) => ({ kind: "answer", status: 200, body: JSON.stringify({ data: { valid: body, code: body } }) }),
    ],
  ])(
    "leaks nothing while %s fails",
    async (_name, relay, fault) => {
      for (const operation of sampledOperations) {
        if (/^\/(dashboard|docs)/.test(operation.route.path)) continue;
        relay().intercept = fault;
        // A cached answer would ask nobody.
        await run(operation, `${textOf("length=1")} ${replies.length}`);
        relay().reset();
      }
      await expectClean();
    },
    60_000,
  );
});

describe("what is not written by a request", () => {
  const root = join(import.meta.dirname, "../..");

  it("the access log has no header, query or body", () => {
    expect(accessLogFormat).not.toMatch(/authorization|cookie|apiKey|querystring|input\.|\.body|\.header/i);
  });

  it.each(["template.json", "dashboards-template.json"])(
    "the operators' %s asks for nothing that could hold a secret, a prompt or an answer",
    (file) => {
      const template = readFileSync(join(root, "infra/operators", file), "utf8");
      expect(template).not.toMatch(
        /sk-[a-z]|ck_[1-9A-HJ-NP-Za-km-z]{16}|authorization|cookie|whsec_|\.(prompt|content|body)\b/i,
      );
    },
  );

  it("no trace is annotated: nothing of a request reaches X-Ray but its times", () => {
    const names = new Set([
      "putAnnotation",
      "putMetadata",
      "addAnnotation",
      "addMetadata",
      "setAttribute",
      "recordException",
    ]);
    const calls = sourceFiles.flatMap((file) =>
      // Scripts of pages run in browsers.
      file.startsWith("functions/dashboard/page/") || file.startsWith("functions/docs/page/")
        ? []
        : [...nodesIn(file)]
            .filter(({ type, name }) => type === "Identifier" && names.has(String(name)))
            .map(() => file),
    );
    expect(calls).toEqual([]);
    // Tests decode exports with OpenTelemetry's own definitions; no function has them.
    const { dependencies } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { dependencies: object };
    expect(Object.keys(dependencies).join(" ")).not.toMatch(/xray|opentelemetry|powertools\/tracer/i);
  });
});
