import { describe, expect, it } from "vitest";
import { useStandardCloud } from "#tests/support/cloud.ts";
import { Caller, newMark } from "./support.ts";

const cloud = useStandardCloud();
const caller = (): Promise<Caller> => Caller.of(cloud());

const tooLarge = `data:image/png;base64,${"A".repeat(4_200_000)}`;

/** What no provider should be handed as an image. */
const badImages: Readonly<Record<string, string>> = {
  "another scheme": "ftp://example.com/a.png",
  "a file": "file:///etc/passwd",
  "no URL": "not a url",
  loopback: "http://127.0.0.1/a.png",
  "loopback as one number": "http://2130706433/a.png",
  "loopback in hexadecimal": "http://0x7f.0.0.1/a.png",
  "loopback by name": "https://localhost/a.png",
  "a private network": "https://192.168.1.1/a.png",
  "the cloud's metadata": "http://169.254.169.254/latest/meta-data/",
  "IPv6 loopback": "http://[::1]/a.png",
  "IPv4 inside IPv6": "http://[::ffff:10.0.0.1]/a.png",
  "a unique local address": "http://[fd00::1]/a.png",
  "a name of one's own network": "https://printer/a.png",
  "a name of the cloud's own": "https://metadata.google.internal/a.png",
  "a password in it": "https://user:secret@example.com/a.png",
  "another type of data": "data:text/html;base64,PGI+",
  "data that is a video": "data:video/mp4;base64,AAAA",
  "a file that is a video": "https://example.com/a.mp4",
  "data that is no base64": "data:image/png;base64,***",
  "data without base64": "data:image/png,abc",
  "data over the limit": tooLarge,
};

const places: readonly (readonly [path: string, param: string, body: (image: string, mark: string) => object])[] = [
  ["/image/edit", "image_url", (image_url, prompt) => ({ prompt, image_url })],
  ["/video/generate", "image_url", (image_url, prompt) => ({ prompt, image_url })],
  ["/media/video", "first_frame_image", (first_frame_image, prompt) => ({ prompt, first_frame_image })],
  ["/vision", "image_url", (image_url, prompt) => ({ prompt, image_url })],
  ["/fashion/run", "inputs.image", (image, prompt) => ({ model_name: "background-change", inputs: { image, prompt } })],
];

describe.each(places)("POST /api/v1%s", (path, param, body) => {
  it.each(Object.entries(badImages))("refuses %s as an image, names the field and asks nobody", async (_, image) => {
    const user = await caller();
    const mark = newMark();
    const reply = await user.post(path, body(image, mark));
    expect(reply.status).toBe(400);
    expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param });
    expect(reply.text).not.toContain("secret");
    expect(await cloud().providerRequests(mark)).toEqual([]);
  });
});

describe("a webhook", () => {
  it.each([
    "http://hooks.example.com/a",
    "https://127.0.0.1/a",
    "https://10.1.2.3/a",
    "https://[::1]/a",
    "https://localhost/a",
    "https://hooks.internal/a",
    "nothing",
  ])("at %s is refused before any call", async (webhookUrl) => {
    const user = await caller();
    const mark = newMark();
    for (const [path, body] of [
      ["/video/generate", { prompt: mark }],
      ["/media/video", { prompt: mark }],
      ["/fashion/run", { model_name: "model-create", inputs: { prompt: mark } }],
    ] as const) {
      const reply = await user.post(path, { ...body, webhookUrl });
      expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "webhookUrl" });
    }
    expect(await cloud().providerRequests(mark)).toEqual([]);
  });
});

describe("speech", () => {
  it.each([
    [{}, "MISSING_REQUIRED_FIELD", "text"],
    [{ text: "" }, "BAD_REQUEST", "text"],
    [{ text: "x".repeat(10_001) }, "BAD_REQUEST", "text"],
    [{ text: "x", model: "tts-1" }, "INVALID_MODEL", "model"],
    [{ text: "x", voice_setting: { speed: 9 } }, "BAD_REQUEST", "voice_setting.speed"],
    [{ text: "x", audio_setting: { format: "ogg" } }, "BAD_REQUEST", "audio_setting.format"],
    [{ text: "x", stream: true, audio_setting: { format: "wav" } }, "BAD_REQUEST", "audio_setting.format"],
    [{ text: "x", stream: true, output_format: "url" }, "BAD_REQUEST", "output_format"],
    [{ text: "x", voice: "alloy" }, "BAD_REQUEST", "voice"],
  ])("%j is a 400", async (body, code, param) => {
    expect((await (await caller()).post("/media/speech", body)).error()).toMatchObject({ code, param });
  });

  it("with an Accept that is not the format in the body is a 400", async () => {
    const body = { text: "x", audio_setting: { format: "mp3" } };
    const reply = await (await caller()).post("/media/speech", body, { accept: "audio/wav" });
    expect(reply.error()).toMatchObject({ code: "BAD_REQUEST", param: "audio_setting.format" });
  });
});
