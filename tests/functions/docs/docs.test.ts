import { describe, expect, test } from "vitest";
import type * as z from "zod";
import type { OperationTable } from "#core/openapi/operation.ts";
import { operations } from "#core/openapi/operations.ts";
import type { Method } from "#core/routes.ts";
import { index, layout } from "#functions/docs/layout.generated.js";
import { docsPath } from "#functions/docs/page-response.ts";
import { assets, pages } from "#functions/docs/pages.generated.js";
import { handler as indexHandler } from "#functions/docs.ts";
import { handler as pagesHandler } from "#functions/docs-pages.ts";
import { exampleBodies } from "#infra/build-docs/examples.ts";
import { renderMarkdown } from "#infra/build-docs/markdown.ts";

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const get = async (path: string, headers: Readonly<Record<string, string>> = {}): Promise<Answer> => {
  const event = {
    httpMethod: "GET",
    path,
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: null,
    pathParameters: null,
    body: null,
    isBase64Encoded: false,
    requestContext: { stage: "prod", path: `/prod${path}`, identity: { sourceIp: "127.0.0.1" } },
  };
  const context = { awsRequestId: "test", getRemainingTimeInMillis: () => 10_000 };
  const handler = path === "/docs" ? indexHandler : pagesHandler;
  return (await handler(event as never, context as never)) as unknown as Answer;
};

/** Addresses of every page, such as `/docs/guide/chat`. */
const addresses = ["/docs", ...[...pages.keys()].map((path) => `/docs/${path}`)];
const idsOf = (html: string): ReadonlySet<string> =>
  new Set([...html.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id ?? ""));
const ids = new Map([
  ["/docs", idsOf(index.html)],
  ...[...pages].map(([path, { html }]) => [`/docs/${path}`, idsOf(html)] as const),
]);

describe("the documentation", () => {
  test.each(addresses)("%s has no link that leads nowhere, and nothing that needs a script", async (address) => {
    const { statusCode, body } = await get(address);
    expect(statusCode).toBe(200);
    expect(body.length).toBeLessThan(1_000_000);
    expect(body).not.toMatch(/%(?:DOCS|TITLE|BODY)%/);
    const tags = body.match(/<[^>]+>/g)?.join("") ?? "";
    expect(/<style|style=|<script(?![^>]*\ssrc=)|\son\w+=/i.exec(tags)?.[0]).toBeUndefined();
    expect(body.match(/<h1/g)).toHaveLength(1);
    const wrong = [...body.matchAll(/href="([^"]+)"/g)].flatMap(([, href = ""]) => {
      const { origin, pathname, hash } = new URL(href, `https://docs.test${address}`);
      if (origin !== "https://docs.test" || pathname === "/dashboard" || pathname === "/dashboard/models") return [];
      if (pathname === "/api/openapi.json" || assets.has(pathname.slice("/docs/assets/".length))) return [];
      const known = ids.get(pathname);
      if (known === undefined) return [href];
      return hash === "" || hash === "#content" || known.has(decodeURIComponent(hash.slice(1))) ? [] : [href];
    });
    expect(wrong).toEqual([]);
  });

  test("has a page for every guide and every part of the API", () => {
    expect(addresses).toEqual(
      expect.arrayContaining([
        "/docs/guide/chat",
        "/docs/reference/fields",
        "/docs/api/generation",
        "/docs/api/provider-keys",
        "/docs/models",
        "/docs/glossary",
        "/docs/decisions",
      ]),
    );
    expect(pages.get("api/usage")?.html).toContain("<code>/api/v1/usage</code>");
    expect(pages.get("models")?.html).toContain("gpt-6.2-sol");
    expect(layout).toContain('href="%DOCS%guide/chat"');
  });

  test("serves its two files for ever, and a 404 for what it has not", async () => {
    for (const name of assets.keys()) {
      const answer = await get(`/docs/assets/${name}`);
      expect(answer).toMatchObject({
        statusCode: 200,
        headers: { "cache-control": "public, max-age=31536000, immutable" },
      });
      expect(await get(`/docs/assets/${name}`, { "if-none-match": answer.headers.etag ?? "" })).toMatchObject({
        statusCode: 304,
      });
    }
    for (const path of ["/docs/guide/none", "/docs/assets/none.js", "/docs/__proto__"]) {
      expect(await get(path)).toMatchObject({ statusCode: 404, headers: { "cache-control": "no-store" } });
    }
  });

  test("runs and loads its own files only, and is not sent twice", async () => {
    const { headers } = await get("/docs/guide/chat");
    expect(headers["content-security-policy"]).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(await get("/docs/guide/chat", { "if-none-match": headers.etag ?? "" })).toMatchObject({
      statusCode: 304,
      body: "",
    });
  });

  test.each([
    ["/docs", "docs/"],
    ["/docs/", "./"],
    ["/docs/models", "./"],
    ["/docs/guide/chat", "../"],
    ["/gateway/docs/guide/chat", "../"],
  ])("from %s the others are at %s", (path, expected) => {
    expect(docsPath(path)).toBe(expected);
  });
});

describe("our Markdown", () => {
  const render = (text: string): string =>
    renderMarkdown(text, "guide/a.md", new Set(["guide/a.md", "guide/b.md", "decisions/README.md"])).html;

  test.each([
    ["[b](b.md#part)", '<p><a href="%DOCS%guide/b#part">b</a></p>\n'],
    ["[all](../decisions)", '<p><a href="%DOCS%decisions">all</a></p>\n'],
    ["[code](../../core/routes.ts)", "<p>code</p>\n"],
    ["[out](https://example.com)", '<p><a href="https://example.com">out</a></p>\n'],
    ["![a picture](a.png)", "<p>a picture</p>\n"],
    ["<script>alert(1)</script>", "&lt;script&gt;alert(1)&lt;/script&gt;"],
    ["<!-- for the generator -->", ""],
    ["## A `b`: c & d", '<h2 id="a-b-c--d">A <code>b</code>: c &amp; d</h2>\n'],
  ])("%s becomes %s", (text, html) => {
    expect(render(text)).toBe(html);
  });
});

describe("the examples of the reference", () => {
  const table: OperationTable = operations;
  const bodies = Object.entries(table).flatMap(([id, methods]) =>
    (Object.entries(methods) as [Method, { readonly body?: z.core.$ZodType }][]).flatMap(([method, { body }]) =>
      body === undefined ? [] : [[`${method.toLowerCase()}${id}`, body] as const],
    ),
  );

  test.each(bodies)("of %s is a body that the operation takes", (operationId, schema) => {
    const example = exampleBodies[operationId];
    expect(example).toBeDefined();
    expect((schema as z.ZodType).safeParse(example).error).toBeUndefined();
  });

  test("are of operations that exist", () => {
    const known = new Set(bodies.map(([operationId]) => operationId));
    expect(Object.keys(exampleBodies).filter((operationId) => !known.has(operationId))).toEqual([]);
  });
});
