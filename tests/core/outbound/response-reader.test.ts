import { describe, expect, it } from "vitest";
import { ResponseError, ResponseReader } from "#core/outbound/response-reader.ts";
import { fc, runs } from "#tests/support/property.ts";

interface Outcome {
  readonly status: number;
  readonly text: string;
  readonly keepsAlive: boolean;
}

/** Reads a response that arrives in these pieces, then the end of the connection when it is not whole by then. */
const read = (pieces: readonly (string | Buffer)[], maxBytes = 10_000): Outcome | "cut" => {
  const reader = new ResponseReader(maxBytes);
  let whole = false;
  for (const piece of pieces) whole = reader.push(Buffer.from(piece));
  if (!whole && !reader.end()) return "cut";
  return { status: reader.status, text: reader.text, keepsAlive: reader.keepsAlive };
};

const cut = (bytes: Buffer, places: readonly number[]): Buffer[] => {
  const sorted = [0, ...places.map((place) => place % bytes.length).sort((a, b) => a - b), bytes.length];
  return sorted.slice(1).map((end, index) => bytes.subarray(sorted[index], end));
};

const sized = (body: string, headers = ""): string =>
  `HTTP/1.1 200 OK\r\n${headers}Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

const chunked = (parts: readonly string[], trailers = ""): string => {
  const chunks = parts.map((part) => `${Buffer.byteLength(part).toString(16)};ext="a b"\r\n${part}\r\n`);
  return `HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n${chunks.join("")}0\r\n${trailers}\r\n`;
};

describe("ResponseReader", () => {
  it("reads the same wherever the bytes are cut: a sized body, a chunked one, one after an interim response", () => {
    const responses = [
      sized('{"text":"grüß 😀"}', "Connection: keep-alive\r\n"),
      chunked(['{"text":', '"grüß 😀"', "}"], "x-checksum: 1\r\nx-other: 2\r\n"),
      `HTTP/1.1 100 Continue\r\n\r\n${sized('{"text":"grüß 😀"}')}`,
    ];
    fc.assert(
      fc.property(fc.constantFrom(...responses), fc.array(fc.nat(), { maxLength: 12 }), (response, places) => {
        expect(read(cut(Buffer.from(response), places))).toEqual({
          status: 200,
          text: '{"text":"grüß 😀"}',
          keepsAlive: true,
        });
      }),
      { numRuns: runs(500) },
    );
  });

  it("ends a response without a body at its head", () => {
    expect(read(["HTTP/1.1 204 No Content\r\n\r\n"])).toEqual({ status: 204, text: "", keepsAlive: true });
    expect(read(["HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"])).toMatchObject({ status: 400, text: "" });
  });

  it("reads a body without a length to the end of its connection, which then serves no more", () => {
    expect(read(["HTTP/1.1 200 OK\r\n\r\nall ", "of it"])).toEqual({
      status: 200,
      text: "all of it",
      keepsAlive: false,
    });
  });

  it.each([
    ["HTTP/1.1", "Connection: close\r\n", false],
    ["HTTP/1.1", "connection: Upgrade, Close\r\n", false],
    ["HTTP/1.0", "", false],
    ["HTTP/1.1", "", true],
  ])("keeps the connection of %s with %j: %s", (version, header, keepsAlive) => {
    expect(read([sized("x", header).replace("HTTP/1.1", version)])).toMatchObject({ keepsAlive });
  });

  it("does not keep a connection on which more came than the answer", () => {
    expect(read([`${sized("x")}HTTP/1.1 200 OK\r\n`])).toMatchObject({ text: "x", keepsAlive: false });
  });

  it.each([
    ["in its head", "HTTP/1.1 200 OK\r\nContent-Le"],
    ["in its body", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"],
    ["in a chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf"],
    ["before its last chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n"],
    ["before the end of its trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nx: y\r\n"],
  ])("never takes a response that breaks off %s for a whole one", (_, response) => {
    expect(read([response])).toBe("cut");
  });

  it.each([
    ["no HTTP", "SSH-2.0-OpenSSH\r\n\r\n"],
    ["another version", "HTTP/2 200 OK\r\n\r\n"],
    ["another protocol", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"],
    ["a header without a colon", "HTTP/1.1 200 OK\r\nnonsense\r\n\r\n"],
    ["a folded header", "HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n"],
    ["a length that is no number", "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"],
    ["two lengths", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
    ["a length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"],
    ["an encoding that nobody asked for", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"],
    ["a chunk's size that is no number", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
    ["a chunk longer than it says", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n"],
    ["a head without end", `HTTP/1.1 200 OK\r\na: ${"b".repeat(70_000)}`],
    ["a chunk line without end", `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${"1".repeat(5_000)}`],
  ])("refuses %s, and quotes nothing of it", (_, response) => {
    expect(() => read([response])).toThrow(ResponseError);
    expect(() => read([response])).not.toThrow(/nonsense|gzip|xyz/);
  });

  it("reads no more than it may, told in advance or not", () => {
    for (const response of [sized("four"), chunked(["fo", "ur"]), "HTTP/1.1 200 OK\r\n\r\nfour"]) {
      expect(read([response], 4)).toMatchObject({ text: "four" });
      expect(() => read([response], 3)).toThrow("longer than 3 bytes");
    }
  });
});
