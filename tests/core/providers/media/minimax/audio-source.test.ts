import type { ServerResponse } from "node:http";
import { describe, expect, it } from "vitest";
import type { AudioSource } from "#core/providers/media/minimax/audio-source.ts";
import { ProviderFailure } from "#core/providers/provider.ts";
import { rejection } from "#tests/e2e/client.ts";
import { serveAudio } from "./serve-audio.ts";

describe("audio of MiniMax", () => {
  it("is not taken from the provider faster than its reader reads", async () => {
    let response: ServerResponse | undefined;
    const source = await serveAudio((answer) => {
      response = answer;
      answer.writeHead(200, { "content-type": "application/json" });
      answer.write('{"data":{"audio":"');
    });
    const audio = source.audio();
    const piece = "00".repeat(64 * 1024);
    const first = audio.next();
    let written = 0;
    // Nobody reads any more: the sockets' buffers fill up, and then nothing more is taken.
    while (response?.write(piece) === true || written < 2) {
      written += 1;
      await new Promise((resolve) => setImmediate(resolve));
      if (written > 2_000) break;
    }
    expect(written).toBeLessThan(400);
    expect((await first).done).toBe(false);
    await audio.return();
  });
});

describe("a stream of MiniMax", () => {
  const answering = (contentType: string, body: string): Promise<AudioSource> =>
    serveAudio((response) => {
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
