import { once } from "node:events";
import v8 from "node:v8";
import vm from "node:vm";
import { describe, expect, it } from "vitest";
import { jsonAudio, startAudio } from "#core/media/audio/audio-answer.ts";
import { serveAudio } from "#tests/core/providers/media/minimax/serve-audio.ts";

const megabyte = 1024 * 1024;

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
    const source = await serveAudio(async (response) => {
      response.writeHead(200, { "content-type": contentType });
      response.write(head);
      for (let index = 0; index < seconds; index++) if (!response.write(each)) await once(response, "drain");
      response.end(tail);
    });
    const started = await startAudio(source);
    const held: number[] = [];
    let passed = 0;
    let parts = 0;
    const end = { complete: () => ({}), failed: (thrown: unknown) => thrown as Error };
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
});
