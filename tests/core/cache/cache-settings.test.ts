import { describe, expect, it } from "vitest";
import { cacheSettings } from "#core/cache/cache-settings.ts";
import { chatRequestSchema } from "#core/schemas/chat.ts";

const request = (changes: object = {}) =>
  chatRequestSchema.parse({ model: "gpt", messages: [{ role: "user", content: "Hello" }], ...changes });
const tool = { type: "function", function: { name: "look_up" } };

describe("cacheSettings", () => {
  it("caches for an hour unless asked otherwise", () => {
    expect(cacheSettings({}, request())).toEqual({ ttlSeconds: 3_600 });
    expect(cacheSettings({ "x-cache": "default" }, request())).toEqual({ ttlSeconds: 3_600 });
  });

  it.each(["60", "86400", "3601"])("keeps an answer for X-Cache-TTL: %s", (ttl) => {
    expect(cacheSettings({ "x-cache-ttl": ttl }, request())).toEqual({ ttlSeconds: Number(ttl) });
  });

  it.each(["59", "86401", "0", "-60", "60.5", "6e1", "0x3c", "1e9", "soon", "", "60, 60", "NaN", "9".repeat(400)])(
    "refuses X-Cache-TTL: %j",
    (ttl) => {
      expect(() => cacheSettings({ "x-cache-ttl": ttl }, request())).toThrow(
        expect.objectContaining({ code: "BAD_REQUEST", param: "X-Cache-TTL" }),
      );
    },
  );

  it.each(["no-cache", "No-Cache", " no-cache "])("is off with X-Cache: %j", (mode) => {
    expect(cacheSettings({ "x-cache": mode }, request())).toBeUndefined();
  });

  it("refuses another X-Cache rather than guessing what it means", () => {
    expect(() => cacheSettings({ "x-cache": "no-store" }, request())).toThrow(
      expect.objectContaining({ code: "BAD_REQUEST", param: "X-Cache" }),
    );
  });

  it("is off for requests with tools, and on for an empty list of them", () => {
    expect(cacheSettings({}, request({ tools: [tool] }))).toBeUndefined();
    expect(cacheSettings({}, request({ tools: [] }))).toEqual({ ttlSeconds: 3_600 });
  });
});
