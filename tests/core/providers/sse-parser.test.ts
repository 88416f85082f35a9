import { describe, expect, it } from "vitest";
import { type SseEvent, SseFrameTooLargeError, SseParser } from "#core/providers/sse-parser.ts";
import { fc } from "#tests/support/property.ts";

const parse = (parts: readonly Buffer[], maxFrameBytes?: number): SseEvent[] => {
  const parser = new SseParser(maxFrameBytes === undefined ? {} : { maxFrameBytes });
  return [...parts.flatMap((part) => parser.push(part)), ...parser.end()];
};
const parseText = (text: string): SseEvent[] => parse([Buffer.from(text)]);

const chop = (bytes: Buffer, cuts: readonly number[]): Buffer[] => {
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  return places.slice(1).map((end, index) => bytes.subarray(places[index], end));
};

describe("the SSE parser", () => {
  it("reads named and unnamed events", () => {
    expect(parseText('event: ping\ndata: {"a":1}\n\ndata: two\n\n')).toEqual([
      { event: "ping", data: '{"a":1}' },
      { event: "", data: "two" },
    ]);
  });

  it("takes CRLF and bare CR line ends, a missing space after the colon, and a byte order mark", () => {
    const expected = [
      { event: "x", data: "1" },
      { event: "", data: "2" },
    ];
    expect(parseText("\uFEFFevent:x\r\ndata:1\r\n\r\ndata:2\r\n\r\n")).toEqual(expected);
    expect(parseText("event:x\rdata:1\r\rdata:2\r\r")).toEqual(expected);
  });

  it("strips one space only, so that indented data stays as it is", () => {
    expect(parseText("data:   x\n\n")).toEqual([{ event: "", data: "  x" }]);
  });

  it("joins the data lines of one event and skips comments, ids, retry and unknown fields", () => {
    expect(
      parseText(": OPENROUTER PROCESSING\nid: 7\nretry: 3\nnonsense\ndata: a\ndata\ndata: b\n\n: bye\n\n"),
    ).toEqual([{ event: "", data: "a\n\nb" }]);
  });

  it("gives nothing for an event without data", () => {
    expect(parseText("event: ping\n\ndata: x\n\n")).toEqual([{ event: "", data: "x" }]);
  });

  it("gives the event that the end of the stream left open", () => {
    expect(parseText("data: whole\n\ndata: [DONE]")).toEqual([
      { event: "", data: "whole" },
      { event: "", data: "[DONE]" },
    ]);
  });

  it("gives each event with the read that completes it", () => {
    const parser = new SseParser();
    expect(parser.push(Buffer.from("data: a\n"))).toEqual([]);
    expect(parser.push(Buffer.from("\ndata: b"))).toEqual([{ event: "", data: "a" }]);
    expect(parser.push(Buffer.from("\n\n"))).toEqual([{ event: "", data: "b" }]);
    expect(parser.end()).toEqual([]);
  });

  it("survives a frame of a mebibyte in small reads", () => {
    const data = "é".repeat(512 * 1024);
    const bytes = Buffer.from(`data: ${data}\n\n`);
    const parts = Array.from({ length: Math.ceil(bytes.length / 1_001) }, (_, index) =>
      bytes.subarray(index * 1_001, (index + 1) * 1_001),
    );
    expect(parse(parts)).toEqual([{ event: "", data }]);
  });

  it.each([
    ["in one line that never ends", ["data: 012345678901234567890123456789"]],
    ["in many lines of one event", ["data: 0123456789\n", "data: 0123456789\n", "data: 0123456789\n"]],
    ["whole in one read", ["data: 012345678901234567890123456789\n\n"]],
    ["in characters of several bytes", [`data: ${"世".repeat(10)}\n\n`]],
  ])("refuses a frame above the limit: %s", (_name, parts) => {
    expect(() =>
      parse(
        parts.map((part) => Buffer.from(part)),
        25,
      ),
    ).toThrow(SseFrameTooLargeError);
  });

  it("does not count frames together that are each below the limit", () => {
    expect(parse([Buffer.from("data: 0123456789\n\n".repeat(100))], 25)).toHaveLength(100);
  });

  it("gives the same events however the stream is chopped", () => {
    const line = fc.oneof(
      fc.string({ unit: "grapheme" }).map((text) => `data: ${text.replace(/[\r\n]/g, "")}`),
      fc.constantFrom("data:x", "data", ": comment", "event: ping", "event:", "id: 1", "", "", "é世🚀"),
    );
    const stream = fc
      .array(fc.tuple(line, fc.constantFrom("\n", "\n", "\r\n", "\r")), { maxLength: 30 })
      .map((lines) => Buffer.from(lines.map(([text, end]) => text + end).join("")));
    fc.assert(
      fc.property(stream, fc.array(fc.nat(400), { maxLength: 40 }), (bytes, cuts) => {
        expect(parse(chop(bytes, cuts))).toEqual(parse([bytes]));
      }),
    );
  });
});
