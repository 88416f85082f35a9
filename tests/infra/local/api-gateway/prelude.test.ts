import { describe, expect, it } from "vitest";
import { maxPreludeBytes, PreludeReader } from "#infra/local/api-gateway/prelude.ts";
import { parseBufferedResult, parsePrelude } from "#infra/local/api-gateway/proxy-result.ts";

describe("the metadata before a streamed body", () => {
  it("ends at 8 NUL bytes, however the chunks are cut", () => {
    const whole = Buffer.from(`{"statusCode":200}${"\0".repeat(8)}body\0\0`);
    for (let cut = 1; cut < whole.length; cut += 1) {
      const reader = new PreludeReader();
      const first = reader.push(whole.subarray(0, cut));
      const state = first.kind === "incomplete" ? reader.push(whole.subarray(cut)) : first;
      const late = first.kind === "complete" ? whole.subarray(cut) : Buffer.alloc(0);
      if (state.kind !== "complete") throw new Error(`Cut at ${cut}: ${state.kind}`);
      expect(state.json).toBe('{"statusCode":200}');
      expect(Buffer.concat([state.rest, late]).toString()).toBe("body\0\0");
    }
  });

  it("is malformed when the delimiter is not within 16 KB", () => {
    const reader = new PreludeReader();
    expect(reader.push(Buffer.alloc(maxPreludeBytes, "x")).kind).toBe("incomplete");
    expect(reader.push(Buffer.from("x")).kind).toBe("malformed");
  });

  it("is refused when it is not a proxy result", () => {
    for (const json of [
      "",
      "[]",
      "null",
      '{"statusCode":"abc"}',
      '{"statusCode":99}',
      '{"headers":[]}',
      '{"headers":{"a":{}}}',
      '{"multiValueHeaders":{"a":"b"}}',
    ]) {
      expect(() => parsePrelude(json), json).toThrow();
    }
    expect(parsePrelude("{}")).toEqual({ status: 200, headers: {} });
  });
});

describe("a buffered proxy result", () => {
  it("merges both header forms, the list first, and remaps what the gateway sets itself", () => {
    const headers = { "X-A": "1", "x-b": true, "Content-Length": "9", "Content-Type": "text/plain" };
    const result = parseBufferedResult(
      JSON.stringify({ statusCode: "201", headers, multiValueHeaders: { "X-B": ["2", "3"] }, body: "ok" }),
    );
    expect(result).toEqual({
      status: 201,
      headers: { "X-A": "1", "X-B": ["2", "3"], "x-amzn-Remapped-Content-Length": "9", "Content-Type": "text/plain" },
      body: "ok",
    });
  });

  it("is JSON by default, and a base64 body is sent as the text it is", () => {
    expect(parseBufferedResult('{"statusCode":200,"body":"AAE=","isBase64Encoded":true}')).toEqual({
      status: 200,
      headers: { "Content-Type": "application/json" },
      body: "AAE=",
    });
  });

  it("is malformed without a status, with a body that is not text, or when it is no object", () => {
    for (const payload of ["{}", '{"statusCode":200,"body":{}}', '"text"', "null", "not json"]) {
      expect(() => parseBufferedResult(payload), payload).toThrow();
    }
  });
});
