import { describe, expect, it } from "vitest";
import { findKey, looksLikeKey, requireKey } from "#core/auth/key-format.ts";
import { GatewayError } from "#core/errors.ts";
import { fc } from "#tests/support/property.ts";

const key = `ck_${"2".repeat(22)}`;
const other = `ck_${"3".repeat(22)}`;

const outcome = (headers: Record<string, string>): string => {
  try {
    return requireKey(headers);
  } catch (error) {
    return error instanceof GatewayError ? error.code : `not a GatewayError: ${String(error)}`;
  }
};

describe("requireKey", () => {
  it.each([
    ["neither header", {}, "UNAUTHORIZED"],
    ["a bearer token", { authorization: `Bearer ${key}` }, key],
    ["a bearer token in lower case with more spaces", { authorization: `bearer   ${key}  ` }, key],
    ["X-API-Key", { "x-api-key": key }, key],
    ["X-API-Key with space around it", { "x-api-key": `  ${key} ` }, key],
    ["both with one key", { authorization: `Bearer ${key}`, "x-api-key": key }, key],
    ["both with two keys", { authorization: `Bearer ${key}`, "x-api-key": other }, "BAD_REQUEST"],
    ["basic credentials", { authorization: "Basic dXNlcjpwYXNz" }, "UNAUTHORIZED"],
    ["basic credentials beside X-API-Key", { authorization: "Basic dXNlcjpwYXNz", "x-api-key": key }, key],
    ["a bearer without a token", { authorization: "Bearer" }, "UNAUTHORIZED"],
    ["a bearer of two tokens", { authorization: `Bearer ${key} ${other}` }, "UNAUTHORIZED"],
    ["a bearer behind something else", { authorization: `Basic Bearer ${key}` }, "UNAUTHORIZED"],
    ["an empty header", { authorization: "" }, "UNAUTHORIZED"],
    ["an empty X-API-Key", { "x-api-key": " " }, "UNAUTHORIZED"],
    ["a bare key as Authorization", { authorization: key }, "UNAUTHORIZED"],
    ["another vendor's key", { authorization: "Bearer sk-abcdefghijklmnopqrstuvwx" }, "INVALID_API_KEY"],
    ["the prefix alone", { "x-api-key": "ck_" }, "INVALID_API_KEY"],
    ["a key that is too short", { "x-api-key": `ck_${"2".repeat(15)}` }, "INVALID_API_KEY"],
    ["the shortest key", { "x-api-key": `ck_${"2".repeat(16)}` }, `ck_${"2".repeat(16)}`],
    ["the longest key", { "x-api-key": `ck_${"2".repeat(128)}` }, `ck_${"2".repeat(128)}`],
    ["a key that is too long", { "x-api-key": `ck_${"2".repeat(129)}` }, "INVALID_API_KEY"],
    ["letters outside base58", { "x-api-key": `ck_${"0OIl".repeat(5)}` }, "INVALID_API_KEY"],
    ["a line break in it", { "x-api-key": `${key}\n${other}` }, "INVALID_API_KEY"],
    ["two X-API-Key headers", { "x-api-key": `${key}, ${key}` }, "INVALID_API_KEY"],
    ["a prefix in capitals", { "x-api-key": key.toUpperCase() }, "INVALID_API_KEY"],
  ])("with %s", (_name, headers: Record<string, string>, expected) => {
    expect(outcome(headers)).toBe(expected);
  });

  it("says how to authenticate when nothing was sent", () => {
    expect(() => requireKey({})).toThrow(expect.objectContaining({ headers: { "www-authenticate": "Bearer" } }));
    expect(() => requireKey({})).toThrow("Send an API key as `Authorization: Bearer ck_…` or `X-API-Key: ck_…`.");
  });

  it("says where to make a key when what was sent cannot be one, and which header to leave out of two", () => {
    expect(() => requireKey({ "x-api-key": "sk-1" })).toThrow("Create one in the dashboard under Keys.");
    const two = { authorization: `Bearer ${key}`, "x-api-key": other };
    expect(() => requireKey(two)).toThrow("Authorization and X-API-Key contain different keys. Send only one of them.");
    expect(() => requireKey(two)).toThrow(expect.objectContaining({ param: "X-API-Key" }));
  });

  it("never quotes what was sent, throws only what a caller may see, and returns only what can be a key", () => {
    const header = fc.option(
      fc.oneof(
        fc.string({ unit: "binary" }),
        fc.string().map((text) => `Bearer ${text}`),
      ),
      {
        nil: undefined,
      },
    );
    fc.assert(
      fc.property(header, header, (authorization, apiKey) => {
        try {
          expect(looksLikeKey(requireKey({ authorization, "x-api-key": apiKey }))).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(GatewayError);
          const text = JSON.stringify((error as GatewayError).toBody());
          for (const sent of [authorization, apiKey])
            if (sent !== undefined && sent.length > 20) expect(text).not.toContain(sent);
        }
      }),
    );
  });

  it("reads any header in time that grows with its length only", () => {
    const long = `Bearer ${" ".repeat(200_000)}${"a ".repeat(100_000)}`;
    expect(findKey({ authorization: `${long}b`, "x-api-key": key })).toBe(key);
  });
});

describe("findKey", () => {
  it("finds none where neither header is there, which is no fault yet: a session may follow", () => {
    expect(findKey({})).toBeUndefined();
  });

  it.each(["Basic dXNlcjpwYXNz", "Bearer", ""])(
    "refuses %j alone: whoever sends that means to authenticate",
    (header) => {
      expect(() => findKey({ authorization: header })).toThrow(expect.objectContaining({ code: "UNAUTHORIZED" }));
    },
  );
});
