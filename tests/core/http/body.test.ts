import { describe, expect, it } from "vitest";
import * as z from "zod";
import { accountHandler } from "#core/http/account-handler.ts";
import { maxBodyBytes } from "#core/http/body.ts";
import { type HandlerOptions, jsonHandler } from "#core/http/handler.ts";
import { withBody } from "#core/http/schema.ts";
import { type Answer, callJson, captureLog, type EventOptions, muteLog } from "#tests/core/support/lambda.ts";
import { fc, runs } from "#tests/support/property.ts";

muteLog();

const options: HandlerOptions = {
  route: "Keys",
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

  it.each(["application/json", "Application/JSON; charset=utf-8", "application/vnd.api+json"])(
    "may come as %s",
    async (type) => {
      expect((await send('{"a":1}', { headers: { "Content-Type": type } })).status).toBe(200);
    },
  );

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
