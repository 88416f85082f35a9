import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { assets, pageHtml } from "#functions/dashboard/assets.generated.js";
import { assetsPath } from "#functions/dashboard/page-response.ts";
import { handler as pageHandler } from "#functions/dashboard.ts";
import { handler as assetsHandler } from "#functions/dashboard-assets.ts";

interface Answer {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

const get = async (path: string, headers: Readonly<Record<string, string>> = {}, method = "GET"): Promise<Answer> => {
  const event = {
    httpMethod: method,
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
  const handler = path === "/dashboard" ? pageHandler : assetsHandler;
  return (await handler(event as never, context as never)) as unknown as Answer;
};

const assetPath = (extension: string): string => {
  const name = [...assets.keys()].find((file) => file.endsWith(extension));
  return `/dashboard/assets/${name ?? "none"}`;
};

/**
 * All pages together. What a browser loads first is bounded page by page in tests/bundle/dashboard-page.test.ts. This bound is
 * of the two functions, which hold every file as text and read it when they start: about 1 ms for 40 KB gzipped.
 */
const maxGzippedBytes = 160 * 1_024;

describe("the dashboard's page", () => {
  test("weighs less than 160 KB gzipped, all of it", () => {
    const texts = [pageHtml, ...[...assets.values()].map(({ text }) => text)];
    const bytes = texts.reduce((sum, text) => sum + gzipSync(text).length, 0);
    expect(bytes).toBeLessThan(maxGzippedBytes);
  });

  test("holds no inline script or style and names nothing outside of its own folder", () => {
    expect(pageHtml).not.toMatch(/<style|style=|<script(?![^>]*\ssrc=)|\son\w+=|<base/i);
    expect(pageHtml).not.toMatch(/(?:src|href)="(?!%ASSETS%)/);
  });

  test("may run and load its own files only, and cannot be framed", async () => {
    const { statusCode, headers } = await get("/dashboard");
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-cache",
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: https:; " +
        "media-src 'self' https:; connect-src 'self'; " +
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
      "cross-origin-opener-policy": "same-origin",
      "x-frame-options": "DENY",
      "x-content-type-options": "nosniff",
      "x-request-id": expect.stringMatching(/^req_/),
    });
  });

  test.each(["/dashboard", "/dashboard/keys", "/dashboard/a/b/c", "/dashboard/usage/"])(
    "served at %s it names assets that are there",
    async (path) => {
      const { body } = await get(path);
      const names = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => name ?? "");
      expect(names).toHaveLength(4);
      for (const name of names) {
        const { pathname } = new URL(name, `https://gateway.example/prod${path}`);
        expect((await get(pathname.slice("/prod".length))).statusCode).toBe(200);
      }
    },
  );

  test("is not sent again to a browser that has it", async () => {
    const first = await get("/dashboard");
    const etag = first.headers.etag ?? "";
    const again = await get("/dashboard", { "If-None-Match": `"other", W/${etag}` });
    expect(again).toMatchObject({ statusCode: 304, body: "", headers: { etag } });
    expect((await get("/dashboard", { "If-None-Match": '"other"' })).statusCode).toBe(200);
  });

  test("answers GET only", async () => {
    const { statusCode, headers, body } = await get("/dashboard", {}, "POST");
    expect(statusCode).toBe(405);
    expect(headers.allow).toBe("GET, HEAD");
    expect(JSON.parse(body)).toMatchObject({ error: { code: "METHOD_NOT_ALLOWED" } });
  });
});

describe("the way to the assets", () => {
  test.each([
    ["/dashboard", "dashboard/assets/"],
    ["/dashboard/", "assets/"],
    ["/dashboard/keys", "assets/"],
    ["/dashboard/keys/", "../assets/"],
    // A domain's base path is a part of the event's path.
    ["/gateway/dashboard", "dashboard/assets/"],
    ["/gateway/dashboard/keys", "assets/"],
    // A stage or base path of that very name.
    ["/dashboard/dashboard", "dashboard/assets/"],
  ])("from %s is %s", (path, expected) => {
    expect(assetsPath(path)).toBe(expected);
  });
});

describe("the dashboard's files", () => {
  test.each([
    [".js", "text/javascript; charset=utf-8"],
    [".css", "text/css; charset=utf-8"],
    [".svg", "image/svg+xml"],
  ])("of type %s are kept for ever, since their names change with them", async (extension, contentType) => {
    const path = assetPath(extension);
    expect(path).toMatch(/-[\w-]{8}\.\w+$/);
    const { statusCode, headers, body } = await get(path);
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      "content-type": contentType,
      "cache-control": "public, max-age=31536000, immutable",
      "content-security-policy": expect.stringContaining("default-src 'none'"),
    });
    expect(body.length).toBeGreaterThan(100);
    const again = await get(path, { "if-none-match": headers.etag ?? "" });
    expect(again).toMatchObject({ statusCode: 304, body: "" });
  });

  test.each(["/dashboard/assets/index-gone.js", "/dashboard/favicon.ico", "/dashboard/assets/..%2f..%2fpackage.json"])(
    "%s, which is not there, is a 404 that no cache keeps",
    async (path) => {
      const { statusCode, headers, body } = await get(path);
      expect(statusCode).toBe(404);
      expect(headers["cache-control"]).toBe("no-store");
      expect(JSON.parse(body)).toMatchObject({ error: { code: "NOT_FOUND" } });
    },
  );
});
