import { beforeEach, describe, expect, it } from "vitest";
import * as z from "zod";
import type { OperationTable } from "#core/openapi/operation.ts";
import { operations } from "#core/openapi/operations.ts";
import { guardedLookup } from "#core/outbound/guarded-lookup.ts";
import { isPublicAddress } from "#core/outbound/public-address.ts";
import { webUrlProblem } from "#core/outbound/web-url.ts";
import { mediaUrlProblem } from "#core/schemas/media-url.ts";
import { captureLog } from "#tests/accounts/support/log.ts";
import { hasTables, tablesName } from "#tests/core/support/tables.ts";
import { type Tenant, useAttackedGateway } from "./support/gateway.ts";
import { nowhere, type SampledOperation, sampledOperations, sendAs } from "./support/samples.ts";

/**
 * URLs of callers that lead inside. Each field that takes one is found in the schemas, so that none is forgotten. Redirects,
 * look-ups and sizes of what we fetch ourselves: tests/core/outbound/fetch-image.test.ts; webhooks:
 * tests/core/jobs/jobs.test.ts.
 */

/** Every spelling of what is not the public internet. */
const inside = [
  ...["127.0.0.1", "127.1", "0x7f000001", "2130706433", "017700000001", "0177.0.0.1", "0x7f.0.0.1", "127.0.0.1."],
  ...["10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0xa9fea9fe", "2852039166", "169.254.170.2"],
  ...["100.64.0.1", "0.0.0.0", "0", "255.255.255.255", "224.0.0.1", "192.0.2.1", "198.18.0.1", "203.0.113.1"],
  ...["[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::ffff:169.254.169.254]"],
  ...["[::127.0.0.1]", "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001::1]", "[fe80::1]", "[fe80::1%25eth0]"],
  ...["[fc00::1]", "[fd00:ec2::254]", "[ff02::1]", "[fec0::1]", "[2001:db8::1]", "[3fff::1]", "[100::1]"],
  ...["localhost", "localhost.", "LOCALHOST", "a.localhost", "printer", "metadata.google.internal", "db.local"],
  ...["host.docker.internal", "router.lan", "ⓛocalhost", "①②⑦.0.0.1", "127。0。0。1", "%6c%6f%63%61%6c%68%6f%73%74"],
] as const;

const schemes = [
  "file:///etc/passwd",
  "ftp://example.com/a.png",
  "gopher://example.com/",
  "dict://example.com/",
  "ldap://example.com/",
  "unix:/var/run/docker.sock",
  "javascript:alert(1)",
  "blob:https://example.com/a",
  "//127.0.0.1/a.png",
  "/a.png",
  "http:127.0.0.1",
  "https://user:password@example.com/a.png",
  "https://example.com@127.0.0.1/a.png",
  "https://127.0.0.1#@example.com/a.png",
  "https://127.0.0.1\\@example.com/a.png",
  "https://[::1",
  "https://",
] as const;

const hostile = [...inside.map((host) => `https://${host}/a.png`), ...schemes];

describe("a URL of a caller", () => {
  it.each(hostile)("%s is refused wherever one is taken", (url) => {
    expect(webUrlProblem(url)).toBeDefined();
    expect(webUrlProblem(url, "https")).toBeDefined();
    expect(mediaUrlProblem(url, ["image"])).toBeDefined();
  });

  it.each(["https://example.com/a.png", "https://8.8.8.8/a.png", "https://[2606:4700::1111]/a.png"])(
    "%s is taken",
    (url) => {
      expect(webUrlProblem(url, "https")).toBeUndefined();
    },
  );
});

const table: OperationTable = operations;
const photo = "https://images.example.com/a.png";

/** Whether a JSON Schema takes a URL: a text that may be one, or what it says nothing about, such as a file. */
const takesUrl = (schema: unknown): boolean => {
  const {
    type,
    pattern,
    items,
    anyOf,
    oneOf,
    allOf,
    enum: values,
    ...more
  } = schema as Readonly<Record<string, unknown>>;
  const choices = [anyOf, oneOf, allOf].flatMap((list) => (Array.isArray(list) ? (list as readonly unknown[]) : []));
  if (choices.length > 0) return choices.some(takesUrl);
  if (type === "array") return takesUrl(items ?? {});
  if (values !== undefined || "const" in more) return false;
  return type === undefined || (type === "string" && new RegExp(String(pattern ?? "")).test(photo));
};

/** Paths of the fields that are named as URLs, in a JSON Schema. */
const urlFields = (schema: unknown, path = ""): readonly string[] => {
  if (typeof schema !== "object" || schema === null) return [];
  const { properties, items, anyOf, oneOf, allOf } = schema as Readonly<Record<string, unknown>>;
  const named = Object.entries((properties ?? {}) as Readonly<Record<string, unknown>>).flatMap(([name, member]) => {
    const at = path === "" ? name : `${path}.${name}`;
    const description = JSON.stringify(member);
    const isUrl = /url|image|_file$/i.test(name) || /http\(s\) URL|https URL/.test(description);
    const within = urlFields(member, at);
    return within.length > 0 || !isUrl || !takesUrl(member) ? within : [at];
  });
  const choices = [anyOf, oneOf, allOf].flatMap((list) => (Array.isArray(list) ? (list as readonly unknown[]) : []));
  return [...new Set([...named, ...urlFields(items, path), ...choices.flatMap((choice) => urlFields(choice, path))])];
};

const bodySchema = ({ route, method }: SampledOperation): unknown => {
  const schema = table[route.id]?.[method]?.body;
  return schema === undefined ? undefined : z.toJSONSchema(schema, { io: "input", unrepresentable: "any" });
};

/** How a request puts a URL into each field. A field that is not here, and that the schemas name, fails the first test. */
const image = (name: string) => (url: string) => ({ prompt: "x", [name]: url });
const fashion =
  (model: string, name: string, more: object = {}) =>
  (url: string) => ({
    model_name: model,
    inputs: { ...more, [name]: url },
  });
const custom = (baseUrl: string) => ({
  provider: "custom",
  slug: "mine",
  displayName: "Mine",
  protocol: "openai",
  apiKey: "sk-custom",
  baseUrl,
});
const webhook = (body: object) => (webhookUrl: string) => ({ ...body, webhookUrl });
const fashionFields = {
  "inputs.model_image": fashion("model-variation", "model_image"),
  "inputs.garment_image": fashion("tryon-v1.6", "garment_image", { model_image: photo }),
  "inputs.product_image": fashion("product-to-model", "product_image"),
  "inputs.image_prompt": fashion("product-to-model", "image_prompt", { product_image: photo }),
  "inputs.face_image": fashion("face-to-model", "face_image"),
  "inputs.image_reference": fashion("model-create", "image_reference", { prompt: "x" }),
  "inputs.lora_url": fashion("model-create", "lora_url", { prompt: "x" }),
  "inputs.image": fashion("background-remove", "image"),
  webhookUrl: webhook({ model_name: "background-remove", inputs: { image: photo } }),
};

const source = (type: "image" | "document") => (url: string) => ({ type, source: { type: "url", url } });
const council = "concurred/council";
const chatFile = (model: string) => (url: string) => ({
  model,
  messages: [{ role: "user", content: [{ type: "file", file: { file_data: url, filename: "a.pdf" } }] }],
});
const chatImage = (model: string) => (url: string) => ({
  model,
  messages: [{ role: "user", content: [{ type: "image_url", image_url: { url } }] }],
});
const responsesImage = (model: string) => (url: string) => ({
  model,
  input: [{ role: "user", content: [{ type: "input_image", image_url: url }] }],
});
const turn = (model: string, block: object) => ({
  model,
  max_tokens: 100,
  messages: [{ role: "user", content: [block] }],
});
const messagesFields = {
  "messages.content.source.url": (url: string) => turn("claude", source("image")(url)),
  "messages.content.content.source.url": (url: string) =>
    turn("claude", { type: "tool_result", tool_use_id: "toolu_1", content: [source("image")(url)] }),
};

const fields: Readonly<Record<string, Readonly<Record<string, (url: string) => object>>>> = {
  "POST /api/v1/chat/completions": {
    "messages.content.image_url.url": chatImage("gpt"),
  },
  "POST /api/v1/messages": messagesFields,
  "POST /api/v1/messages/count_tokens": messagesFields,
  "POST /api/v1/images/edits": {
    image: image("image"),
    "images.image_url": (url) => ({ prompt: "x", images: [{ image_url: photo }, { image_url: url }] }),
    "mask.image_url": (url) => ({ prompt: "x", images: [{ image_url: photo }], mask: { image_url: url } }),
  },
  "POST /api/v1/moderations": {
    "input.image_url.url": (url) => ({ input: [{ type: "image_url", image_url: { url } }] }),
  },
  "POST /api/v1/media/image": {
    "subject_reference.image_file": (url) => ({
      prompt: "x",
      subject_reference: [{ type: "character", image_file: url }],
    }),
  },
  "POST /api/v1/media/video": {
    first_frame_image: image("first_frame_image"),
    last_frame_image: image("last_frame_image"),
    "subject_reference.image": (url) => ({
      model: "S2V-01",
      prompt: "x",
      subject_reference: [{ type: "character", image: [url] }],
    }),
    webhookUrl: webhook({ prompt: "x" }),
  },
  "POST /api/v1/keys": { alertWebhookUrl: (alertWebhookUrl) => ({ name: "x", alertWebhookUrl }) },
  "PATCH /api/v1/keys/{id}": { alertWebhookUrl: (alertWebhookUrl) => ({ alertWebhookUrl }) },
  "POST /api/v1/provider-keys": { baseUrl: custom },
  "POST /api/v1/provider-keys/test": { baseUrl: custom },
  "POST /api/v1/exports": { url: (url) => ({ kind: "otlp", url }) },
  "POST /api/v1/fashion/run": fashionFields,
  "POST /api/v1/fashion/subscribe": fashionFields,
  "POST /api/v1/image/edit": {
    image_url: image("image_url"),
    image_urls: (url) => ({ prompt: "x", image_urls: [photo, url] }),
    mask_url: (url) => ({ prompt: "x", image_url: photo, mask_url: url }),
  },
  "POST /api/v1/video/generate": {
    image_url: image("image_url"),
    end_image_url: (url) => ({ prompt: "x", image_url: photo, end_image_url: url }),
    webhookUrl: webhook({ prompt: "x" }),
  },
  "POST /api/v1/vision": { image_url: image("image_url"), image_urls: (url) => ({ image_urls: [photo, url] }) },
};

/** More places for a URL, which no schema names: the schema leaves them open, or the same field has another meaning. */
const unnamed: readonly (readonly [name: string, field: string, make: (url: string) => object])[] = [
  ["POST /api/v1/chat/completions", "messages.content.file.file_data", chatFile("gpt")],
  ["POST /api/v1/chat/completions", "a council's image", chatImage(council)],
  ["POST /api/v1/chat/completions", "a council's file", chatFile(council)],
  ["POST /api/v1/messages", "a council's image", (url) => turn(council, source("image")(url))],
  ["POST /api/v1/responses", "a council's image", responsesImage(council)],
  ["POST /api/v1/messages", "a document", (url) => turn("claude", source("document")(url))],
  ["POST /api/v1/messages", "another provider's model", (url) => turn("gpt", source("image")(url))],
  [
    "POST /api/v1/messages",
    "messages.content.source.content",
    (url) => turn("gpt", { type: "document", source: { type: "content", content: [source("image")(url)] } }),
  ],
  ["POST /api/v1/responses", "input.content.image_url", responsesImage("gpt")],
  [
    "POST /api/v1/responses",
    "input.content.file_url",
    (url) => ({ model: "gpt", input: [{ role: "user", content: [{ type: "input_file", file_url: url }] }] }),
  ],
];

describe.skipIf(!hasTables)(`a URL field (${tablesName})`, () => {
  const gateway = useAttackedGateway();
  captureLog();
  let tenant: Tenant | undefined;

  beforeEach(async () => {
    tenant ??= await gateway().createTenant();
    gateway().providers.clearRequests();
  });

  it("is attacked here, whichever schema has it", () => {
    const found = sampledOperations.flatMap((operation) =>
      urlFields(bodySchema(operation)).map((field) => `${operation.name}: ${field}`),
    );
    const attacked = Object.entries(fields).flatMap(([name, own]) =>
      Object.keys(own).map((field) => `${name}: ${field}`),
    );
    // A change needs an export that is there: tests/e2e/exports.test.ts has one.
    const others = found.filter((place) => place !== "PATCH /api/v1/exports/{id}: url");
    expect(others.sort()).toEqual(attacked.sort());
  });

  const some = [
    "https://169.254.169.254/latest/meta-data/",
    "https://[::ffff:a00:1]/a.png",
    "https://2130706433/a.png",
    "file:///etc/passwd",
  ];
  const places = [
    ...Object.entries(fields).flatMap(([name, own]) =>
      Object.entries(own).map(([field, make]) => [name, field, make] as const),
    ),
    ...unnamed,
  ];

  it.each(places)("%s: %s leads nowhere inside, and no provider is asked", async (name, _field, make) => {
    const operation = sampledOperations.find((each) => each.name === name);
    if (operation === undefined) throw new Error(`No operation is named ${name}`);
    for (const url of some) {
      const reply = await sendAs(tenant as Tenant, operation, { ...operation.sample(nowhere), body: make(url) });
      expect(reply.error().code, url).toBe("BAD_REQUEST");
      expect(gateway().providers.requests()).toEqual([]);
    }
  });

  it("GET /api/v1/vision: image_url leads nowhere inside", async () => {
    const operation = sampledOperations.find((each) => each.name === "GET /api/v1/vision");
    if (operation === undefined) throw new Error("There is no vision");
    for (const url of some) {
      const path = `/api/v1/vision?image_url=${encodeURIComponent(url)}`;
      expect((await sendAs(tenant as Tenant, operation, { path })).error().code).toBe("BAD_REQUEST");
    }
    expect(gateway().providers.requests()).toEqual([]);
  });
});

describe("a name that leads elsewhere by the time of the connection", () => {
  it.each([{ all: true }, {}])("is judged by the look-up that connects: %j", async (options) => {
    const refused = await new Promise<Error | null>((resolve) => {
      guardedLookup(isPublicAddress)("localhost", options, (error) => resolve(error));
    });
    expect(refused?.message).toBe("not public");
  });
});
