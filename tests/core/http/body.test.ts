import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync, zstdCompressSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { accountHandler } from "#core/http/account-handler.ts";
import { maxBodyBytes } from "#core/http/body.ts";
import { type HandlerOptions, jsonHandler } from "#core/http/handler.ts";
import { withBody } from "#core/http/schema.ts";
import { routeById } from "#core/routes.ts";
import { type Answer, callJson, captureLog, type EventOptions, muteLog } from "#tests/core/support/lambda.ts";
import { fc, runs } from "#tests/support/property.ts";

muteLog();

const options: HandlerOptions = {
  route: routeById("Keys"),
  endpoints: { POST: withBody(z.unknown(), async ({ body }) => ({ status: 200, json: { got: body } })) },
};
const errorOf = async (answer: Promise<Answer>) => {
  const { status, json } = await answer;
  const { code, message, param, details } = json().error;
  return { status, code, message, param, details };
};

describe.each([
  ["the lean parser", jsonHandler(options)],
  ["middy's parser", accountHandler(options)],
])("a JSON body, read by %s", (_parser, handler) => {
  const send = (body: string, more: EventOptions = {}): Promise<Answer> =>
    callJson(handler, { method: "POST", body, ...more });

  it("is read as JSON.parse reads it, plain or base64, any value without the keys that are refused", async () => {
    const allowed = fc.json().filter((text) => !/"(?:__proto__|constructor)"/.test(text));
    await fc.assert(
      fc.asyncProperty(allowed, fc.boolean(), async (text, base64) => {
        const answer = await send(text, { base64 });
        expect(answer.text).toBe(JSON.stringify({ got: JSON.parse(text) as unknown }));
      }),
      { numRuns: runs(50) },
    );
  });

  it.each([
    "application/json",
    "Application/JSON; charset=utf-8",
    "application/json ; charset=utf-8",
    " application/json\t;charset=utf-8",
    "application/vnd.api+json",
  ])("may come as %s", async (type) => {
    expect((await send('{"a":1}', { headers: { "Content-Type": type } })).status).toBe(200);
  });

  it.each([
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/jsonp",
    "",
  ])("may not come as %j: 415", async (type) => {
    expect(await errorOf(send('{"a":1}', { headers: { "Content-Type": type } }))).toMatchObject({
      status: 415,
      code: "UNSUPPORTED_MEDIA_TYPE",
      param: "Content-Type",
    });
  });

  const compressed: readonly [string, (text: string) => Buffer][] = [
    ["gzip", gzipSync],
    ["x-gzip", gzipSync],
    ["deflate", deflateSync],
    ["deflate", deflateRawSync],
    ["br", brotliCompressSync],
    ["zstd", zstdCompressSync],
    ["GZIP", gzipSync],
    ["identity, gzip", gzipSync],
    // The first bytes count more than the header.
    ["br", gzipSync],
    ["", gzipSync],
    ["", zstdCompressSync],
    ["gzip", (text) => Buffer.from(text)],
    ["compress", (text) => Buffer.from(text)],
  ];

  it.each(compressed)("is unpacked: Content-Encoding %j", async (coding, compress) => {
    const text = JSON.stringify({ text: "ä😀".repeat(100) });
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (coding !== "") headers["Content-Encoding"] = coding;
    expect((await callJson(handler, { method: "POST", body: compress(text), headers })).text).toBe(`{"got":${text}}`);
    // API Gateway has unpacked it already, and may leave the header.
    expect((await send(text, { headers })).text).toBe(`{"got":${text}}`);
  });

  it.each(compressed.slice(0, 6))("that grows beyond the limit is 413: %s", async (coding, compress) => {
    const body = compress(JSON.stringify("x".repeat(maxBodyBytes)));
    expect(body.length).toBeLessThan(100_000);
    const headers = { "Content-Type": "application/json", "Content-Encoding": coding };
    expect(await errorOf(callJson(handler, { method: "POST", body, headers }))).toMatchObject({
      status: 413,
      code: "PAYLOAD_TOO_LARGE",
      details: { maxBytes: maxBodyBytes },
    });
  });

  it.each<[string, string, Buffer | string]>([
    ["an unknown coding", "compress", Buffer.from("nothing known")],
    ["two codings", "gzip, br", Buffer.from("nothing known")],
    ["a coding that it does not have", "gzip", Buffer.from("no gzip")],
    ["a broken one", "gzip", gzipSync("{}").subarray(0, 12)],
    ["gzip that was made text", "", gzipSync('{"a":1}').toString("utf8")],
    ["zstd that was made text", "zstd", zstdCompressSync('{"a":1}').toString("utf8")],
    ["brotli that was made text", "br", brotliCompressSync('{"a":1}').toString("utf8")],
  ])("with %s is 415, not bad JSON", async (_name, coding, body) => {
    const headers: Record<string, string> = { "Content-Type": "application/json" };
    if (coding !== "") headers["Content-Encoding"] = coding;
    expect(await errorOf(callJson(handler, { method: "POST", body, headers }))).toMatchObject({
      status: 415,
      code: "UNSUPPORTED_MEDIA_TYPE",
      param: "Content-Encoding",
    });
  });

  it("that is empty or absent is 400", async () => {
    expect(await errorOf(send(""))).toMatchObject({
      status: 400,
      code: "BAD_REQUEST",
      message: expect.stringContaining("empty"),
    });
    const absent = callJson(handler, { method: "POST", headers: { "Content-Type": "application/json" } });
    expect(await errorOf(absent)).toMatchObject({ status: 400, message: expect.stringContaining("empty") });
  });

  it.each([
    ["plain", false],
    ["base64", true],
  ])("over 5 MB is 413 and exactly 5 MB is not, %s", async (_name, base64) => {
    const most = `"${"x".repeat(maxBodyBytes - 2)}"`;
    expect((await send(most, { base64 })).status).toBe(200);
    expect(await errorOf(send(`${most} \n `, { base64 }))).toMatchObject({
      status: 413,
      code: "PAYLOAD_TOO_LARGE",
      details: { maxBytes: maxBodyBytes },
    });
  });

  it("counts bytes, not characters", async () => {
    expect((await send(`"${"ä".repeat(maxBodyBytes / 2)}"`)).status).toBe(413);
  });

  it.each([
    ["plain", false],
    ["base64", true],
  ])("that is broken is 400 which says where, and quotes nothing of it, %s", async (_name, base64) => {
    const { text } = await captureLog(async () => {
      const answer = await errorOf(send('{\n  "key": "sk-secret",\n  "a": tru\n}', { base64 }));
      expect(answer).toMatchObject({
        status: 400,
        code: "BAD_REQUEST",
        message: "The body is not valid JSON: the error is at line 3, column 8.",
        details: { line: 3, column: 8, offset: 31 },
      });
      expect(JSON.stringify(answer)).not.toContain("secret");
    });
    expect(text).not.toContain("secret");
  });

  it("of megabytes that breaks at its end is 400 as well", async () => {
    for (const broken of [
      `["${"x".repeat(4_900_000)}", tru]`,
      `"${"\\n".repeat(2_400_000)}`,
      `[${"1,".repeat(2_000_000)}]`,
    ]) {
      expect(await errorOf(send(broken))).toMatchObject({ status: 400, code: "BAD_REQUEST" });
    }
  });

  it.each([
    '{"__proto__": {"admin": true}}',
    '{"a": [{"__proto__": null}]}',
    '{"constructor": {"prototype": {"x": 1}}}',
  ])("cannot touch prototypes: %s", async (text) => {
    const answer = await errorOf(send(text));
    expect(answer).toMatchObject({ status: 400, code: "BAD_REQUEST" });
    expect(answer.message).toContain("not allowed");
    expect(({} as { admin?: unknown; x?: unknown }).admin).toBeUndefined();
  });

  it("may be nested deeply without breaking anything", async () => {
    const depth = 1_000;
    const text = `${"[".repeat(depth)}${"]".repeat(depth)}`;
    expect((await send(text)).status).toBe(200);
    // What nobody can mean is the caller's fault, not ours.
    const absurd = 500_000;
    const answer = await send(`${"[".repeat(absurd)}${"]".repeat(absurd)}`);
    expect(await errorOf(Promise.resolve(answer))).toMatchObject({
      status: 400,
      code: "BAD_REQUEST",
      message: "The body is nested too deeply.",
    });
  });
});
