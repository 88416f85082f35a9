import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import v8 from "node:v8";
import vm from "node:vm";
import { describe, expect, it } from "vitest";
import { wantedAudio } from "#core/media/accept.ts";
import { jsonAudio, startAudio } from "#core/media/audio-answer.ts";
import { AudioSource } from "#core/media/audio-source.ts";
import { BrokenHexAudio, HexAudioReader } from "#core/media/hex-audio.ts";
import { minimaxCodes, minimaxFailure } from "#core/media/minimax-errors.ts";
import { send } from "#core/outbound/transport.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { rejection } from "#tests/e2e/client.ts";
import { fc, runs } from "#tests/support/property.ts";

const signal = new AbortController().signal;
const timeouts = { headersTimeoutMs: 10_000, idleTimeoutMs: 10_000 };
const megabyte = 1024 * 1024;

describe("hex inside a JSON document", () => {
  const document = (audio: string): Buffer =>
    Buffer.from(
      `{"data": {"audio" : "${audio}", "status": 2}, "note": "\\"audio\\": \\"no\\" Grüße", "base_resp": {}}`,
    );

  it("is decoded the same however the document is cut into reads", () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 1, maxLength: 60 }),
        fc.array(fc.nat(200), { maxLength: 8 }),
        (bytes, cuts) => {
          const text = document(Buffer.from(bytes).toString("hex"));
          const places = [...new Set([0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length])].sort(
            (left, right) => left - right,
          );
          const reader = new HexAudioReader();
          const parts = places.slice(1).map((end, index) => reader.push(text.subarray(places[index], end)));
          expect(Buffer.concat(parts)).toEqual(Buffer.from(bytes));
          expect(reader.end()).toEqual({
            data: { audio: "", status: 2 },
            note: '"audio": "no" Grüße',
            base_resp: {},
          });
        },
      ),
      { numRuns: runs(300) },
    );
  });

  it.each(["abc", "zz", "ab cd", "0x"])("is refused when it is %j", (audio) => {
    const reader = new HexAudioReader();
    expect(() => {
      reader.push(document(audio));
      reader.end();
    }).toThrow(BrokenHexAudio);
  });

  it("may be missing: an error has none", () => {
    const reader = new HexAudioReader();
    expect(reader.push(Buffer.from('{"data":null,"base_resp":{"status_code":1004}}'))).toHaveLength(0);
    expect(minimaxFailure(reader.end())).toMatchObject({ kind: "auth" });
  });
});

describe("MiniMax's table of errors", () => {
  const documented = [
    1000, 1001, 1002, 1004, 1008, 1024, 1026, 1027, 1033, 1039, 1041, 1042, 1043, 1044, 2013, 20132, 2037, 2038, 2039,
    2042, 2045, 2048, 2049, 2056, 1028, 1030, 2061,
  ];

  it("has every documented code", () => {
    expect(Object.keys(minimaxCodes).map(Number).sort()).toEqual(documented.sort());
  });

  it("takes 0 and no base_resp at all for success, and an unknown code for the provider's fault", () => {
    expect(minimaxFailure({ base_resp: { status_code: 0 } })).toBeUndefined();
    expect(minimaxFailure({ data: {} })).toBeUndefined();
    expect(minimaxFailure({ base_resp: { status_code: 4242, status_msg: "new" } })).toMatchObject({ kind: "server" });
  });

  it("shows no key that MiniMax quotes", () => {
    const failure = minimaxFailure({ base_resp: { status_code: 2049, status_msg: "bad key sk-abcdef123456" } });
    expect(failure?.providerMessage).not.toContain("sk-abcdef123456");
  });
});

describe("Accept", () => {
  it.each([
    [undefined, undefined, { raw: false, format: "mp3" }],
    ["*/*", "wav", { raw: false, format: "wav" }],
    ["application/json", undefined, { raw: false, format: "mp3" }],
    ["audio/flac", undefined, { raw: true, format: "flac" }],
    ["audio/*", "pcm", { raw: true, format: "pcm" }],
    ["application/json;q=0.5, audio/mpeg", undefined, { raw: true, format: "mp3" }],
    ["audio/mpeg;q=0, application/json", undefined, { raw: false, format: "mp3" }],
    // The most wanted of what we have.
    ["audio/ogg, audio/wav;q=0.8", undefined, { raw: true, format: "wav" }],
    ["audio/ogg, application/json;q=0.1", undefined, { raw: false, format: "mp3" }],
    ["audio/ogg, */*;q=0.1", undefined, { raw: false, format: "mp3" }],
    ["text/html", undefined, { raw: false, format: "mp3" }],
    ["", "wav", { raw: false, format: "wav" }],
  ] as const)("%s with %s in the body", (accept, format, wanted) => {
    expect(wantedAudio(accept, format)).toEqual(wanted);
  });

  it.each(["audio/ogg", "audio/ogg, audio/aac;q=0.5", "text/html, audio/opus"])(
    "%s alone is refused: a file of JSON under such a name helps nobody",
    (accept) => {
      const refused = expect.objectContaining({
        code: "BAD_REQUEST",
        param: "Accept",
        message: expect.stringContaining("audio/mpeg"),
      });
      expect(() => wantedAudio(accept, undefined)).toThrow(refused);
    },
  );
});

/** A server of one answer, for a client that is done with it when it has read it. */
const serveOnce = async (answer: (response: ServerResponse) => void | Promise<void>): Promise<AudioSource> => {
  const server = createServer((_, response) => {
    void answer(response);
    server.close();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
  return new AudioSource(await send({ url, headers: {}, signal, ...timeouts }), signal);
};

describe("ten minutes of speech", () => {
  v8.setFlagsFromString("--expose-gc");
  const collect = vm.runInNewContext("gc") as () => void;
  const heldBytes = (): number => {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  };
  const seconds = 600;
  /** A second of MP3 at 128 kbit/s. */
  const second = "ff".repeat(16_000);
  const success = '"base_resp":{"status_code":0}';
  const facts = `"extra_info":{"audio_length":${seconds * 1_000}},${success}`;
  const inEvents = [
    "text/event-stream",
    "",
    `data: {"data":{"audio":"${second}","status":1},${success}}\n\n`,
    `data: {"data":{"audio":"","status":2},${facts}}\n\n`,
  ] as const;
  const inOneDocument = ["application/json", '{"data":{"audio":"', second, `","status":2},${facts}}`] as const;

  it.each([
    ["events", inEvents],
    ["one document", inOneDocument],
  ])("from %s passes with flat memory, in base64 too", async (_, [contentType, head, each, tail]) => {
    const source = await serveOnce(async (response) => {
      response.writeHead(200, { "content-type": contentType });
      response.write(head);
      for (let index = 0; index < seconds; index++) if (!response.write(each)) await once(response, "drain");
      response.end(tail);
    });
    const started = await startAudio(source);
    const held: number[] = [];
    let passed = 0;
    let parts = 0;
    const end = { whole: () => ({}), broken: (thrown: unknown) => thrown as Error };
    for await (const part of jsonAudio(started, end)) {
      passed += part.length;
      parts += 1;
      if (parts % 20 === 0) held.push(heldBytes());
    }
    expect(passed).toBeGreaterThan((seconds * 16_000 * 4) / 3);
    expect(source.facts.durationMs).toBe(seconds * 1_000);
    // Buffers are freed a little later than they are let go of: the least of each half is what is truly held.
    const half = Math.floor(held.length / 2);
    expect(Math.min(...held.slice(half)) - Math.min(...held.slice(0, half))).toBeLessThan(2 * megabyte);
  });

  it("is not taken from the provider faster than its reader reads", async () => {
    let response: ServerResponse | undefined;
    const server = createServer((_, answer) => {
      response = answer;
      answer.writeHead(200, { "content-type": "application/json" });
      answer.write('{"data":{"audio":"');
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const audio = new AudioSource(await send({ url, headers: {}, signal, ...timeouts }), signal).audio();
    const piece = "00".repeat(64 * 1024);
    const first = audio.next();
    let written = 0;
    // Nobody reads on: the sockets' buffers fill, and then nothing more is taken.
    while (response?.write(piece) === true || written < 2) {
      written += 1;
      await new Promise((resolve) => setImmediate(resolve));
      if (written > 2_000) break;
    }
    expect(written).toBeLessThan(400);
    expect((await first).done).toBe(false);
    await audio.return();
    server.closeAllConnections();
    server.close();
  });
});

describe("a stream of MiniMax", () => {
  const answering = (contentType: string, body: string): Promise<AudioSource> =>
    serveOnce((response) => {
      response.writeHead(200, { "content-type": contentType }).end(body);
    });
  const all = async (source: AudioSource): Promise<string> => {
    const parts: Buffer[] = [];
    for await (const part of source.audio()) parts.push(part);
    return Buffer.concat(parts).toString("hex");
  };
  const event = (data: object): string => `data: ${JSON.stringify(data)}\n\n`;

  it("whose last event repeats the whole audio gives it once", async () => {
    const body = [
      event({ data: { audio: "0102", status: 1 } }),
      event({ data: { audio: "0304", status: 1 } }),
      event({ data: { audio: "01020304", status: 2 }, extra_info: { usage_characters: 7 } }),
    ];
    const source = await answering("text/event-stream", body.join(""));
    expect(await all(source)).toBe("01020304");
    expect(source.facts).toMatchObject({ characters: 7, sizeBytes: 4 });
  });

  it.each([
    ["ends before its last event", event({ data: { audio: "0102", status: 1 } })],
    ["has garbage in it", "data: {nonsense\n\n"],
    ["has no audio", event({ data: { audio: "", status: 2 } })],
  ])("that %s is a failure, never a clean end", async (_, body) => {
    expect(await rejection(all(await answering("text/event-stream", body)), ProviderFailure)).toMatchObject({
      kind: "malformed",
    });
  });
});
