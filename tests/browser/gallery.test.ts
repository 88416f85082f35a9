import { readFile } from "node:fs/promises";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { plainPng, stillMp4 } from "#infra/local/media-providers/media-files.ts";
import { eventually, useCloud } from "#tests/support/cloud.ts";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { type Answers, failed, fakeApi, ok } from "./support/fake-api.ts";
import { pressOn } from "./support/keyboard.ts";
import { lookAt } from "./support/look-at.ts";
import { usePageServer } from "./support/page-server.ts";
import { keys } from "./support/sample-data.ts";

/** The gallery: a user's jobs in every state, and those of a running gateway. */

const now = Date.now();
const inMinutes = (minutes: number): string => new Date(now + minutes * 60_000).toISOString();
const file = (name: string): string => `https://media.example.com/${name}`;

const job = (number: number, changes: object): Record<string, unknown> => ({
  id: `job_0199c0de-7000-7000-8000-${String(number).padStart(12, "0")}`,
  kind: "video",
  status: "completed",
  model: "kling-v3-pro",
  provider: "fal",
  output: null,
  error: null,
  keyId: "key_1",
  createdAt: inMinutes(-number * 7),
  finishedAt: inMinutes(-number * 7 + 1),
  costUsd: 0.56,
  ...changes,
});

const output = (name: string, contentType: string | null, expiresAt: string | null = inMinutes(50)) => ({
  url: file(name),
  contentType,
  expiresAt,
});

const running = job(1, { status: "processing", finishedAt: null, costUsd: null });
const expired = job(7, {
  kind: "clip",
  model: "MiniMax-Hailuo-2.3-with-a-name-that-goes-on-and-on-without-a-space-in-it",
  provider: "minimax",
  costUsd: null,
  error: { name: "OutputExpired", message: "The output has expired: the provider keeps it only for a limited time." },
});
const locked = job(8, {
  model: "gemini-omni-1.1-flash",
  provider: "google",
  output: [output("files/1", "video/mp4")],
});
const jobs = [
  running,
  job(2, { kind: "image", model: "flux-2-pro", provider: "bfl", output: [output("wide.png", "image/png")] }),
  job(3, {
    kind: "fashion",
    model: "tryon-v1.6",
    provider: "fashn",
    costUsd: 0.225,
    output: [output("tall.png", null), output("wide.png", null), output("tall.png?2", null, null)],
  }),
  job(4, { output: [output("clip.mp4", "video/mp4", null)] }),
  job(5, {
    kind: "speech",
    model: "speech-2.8-hd",
    provider: "minimax",
    costUsd: 0.0123,
    output: [output("speech.mp3", "audio/mpeg", inMinutes(1_300))],
  }),
  job(6, {
    kind: "fashion",
    status: "failed",
    model: "tryon-v1.6",
    provider: "fashn",
    costUsd: 0,
    error: { name: "PoseError", message: "The pose of the person could not be told: show the whole body." },
  }),
  expired,
  locked,
  job(9, {
    kind: "image",
    model: "a-trap",
    output: [{ url: "javascript:alert(1)", contentType: null, expiresAt: null }],
  }),
  job(11, { kind: "fashion", model: "model-create", provider: "fashn" }),
  job(12, { kind: "image", model: "gpt-image-1", provider: "openai", output: [] }),
  job(10, { status: "queued", kind: "clip", model: "MiniMax-Hailuo-2.3", provider: "minimax", finishedAt: null }),
];

describe.skipIf(!hasChromium)(`The gallery in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async (answers: Answers, { clock = false } = {}) => {
    const opened = await open({ viewport: { width: 1280, height: 800 }, reducedMotion: "reduce" });
    const { page } = opened;
    if (clock) await page.clock.install({ time: now });
    await page.route(/media\.example\.com/, async (route) => {
      const address = route.request().url();
      if (address.endsWith("gone")) return route.fulfill({ status: 404 });
      const png = /(wide|tall)\.png/.exec(address)?.[1];
      // The others never come: a player waits.
      if (png === undefined) return undefined;
      const body = png === "wide" ? plainPng(320, 120) : plainPng(90, 240);
      return route.fulfill({ status: 200, headers: { "content-type": "image/png" }, body });
    });
    const calls = await fakeApi(page, { "GET v1/keys": ok(keys), ...answers });
    await page.goto(`${url()}/dashboard/gallery`);
    await page.getByRole("heading", { name: "Gallery", level: 1 }).waitFor();
    return { ...opened, asked: () => calls.filter(({ name }) => name === "GET v1/jobs") };
  };

  const cardOf = (page: Page, model: string) =>
    page.getByRole("listitem").filter({ has: page.getByRole("heading", { name: model, exact: true }) });

  test("shows pictures and players where the output lies, a failure with its reason, and what has expired", async () => {
    const { page, faults } = await visit({ "GET v1/jobs": ok(jobs) });
    const picture = page.getByRole("img", { name: "Enlarge the image by flux-2-pro" });
    await picture.waitFor();
    await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(320);
    expect(await page.getByRole("img", { name: /tryon-v1\.6, \d of 3/ }).count()).toBe(3);
    expect(await page.locator("audio").getAttribute("src")).toBe(file("speech.mp3"));
    expect(await cardOf(page, "kling-v3-pro").locator("video").getAttribute("src")).toBe(file("clip.mp4"));
    await page.getByText("PoseError").waitFor();
    await page.getByText("show the whole body").waitFor();
    const card = cardOf(page, String(expired.model));
    await card.getByText("Expired", { exact: true }).waitFor();
    await card.getByText("keeps it only for a limited time").waitFor();
    await card.getByText("unknown").waitFor();
    // Too large to be kept with the job, and not gone.
    const held = cardOf(page, "model-create");
    await held.getByText("Done", { exact: true }).waitFor();
    await held.getByText("Requested as base64").waitFor();
    await cardOf(page, "gpt-image-1").getByText("Returned as base64: not kept.").waitFor();
    expect(await cardOf(page, "flux-2-pro").getByText("Production server").count()).toBe(1);
    await page.getByText("2 jobs are running.").waitFor();
    expect(await cardOf(page, "speech-2.8-hd").getByText("$0.0123").count()).toBe(1);
    await lookAt(page, "gallery");
    expect(faults).toEqual([]);
  });

  test("shows a prompt that is recorded when it is asked for, and offers none otherwise", async () => {
    const requestId = "req_0199c0de-7000-7000-8000-0000000000ff";
    const content = {
      prompt: { messages: [{ role: "user", parts: [{ type: "text", content: "A lake at night" }] }], cut: false },
      answer: null,
    };
    const { page, faults } = await visit({
      "GET v1/jobs": ok([
        job(2, { model: "recorded", requestId, contentExpiresAt: inMinutes(60) }),
        job(3, { model: "expired", requestId, contentExpiresAt: inMinutes(-1) }),
        job(4, { model: "unrecorded", requestId, contentExpiresAt: null }),
      ]),
      [`GET v1/requests/${requestId}`]: ok({ id: requestId, content, generations: [] }),
    });
    const card = cardOf(page, "recorded");
    await card.getByRole("button", { name: "Show prompt" }).click();
    await card.getByText("A lake at night").waitFor();
    expect(await page.getByRole("button", { name: "Show prompt" }).count()).toBe(0);
    expect(faults).toEqual([]);
  });

  test("opens an image over the page by keyboard, with its download, and gives the focus back", async () => {
    const { page, faults } = await visit({ "GET v1/jobs": ok(jobs) });
    const image = page.getByRole("button", { name: "Enlarge the image by flux-2-pro" });
    await pressOn(page, image);
    const dialog = page.getByRole("dialog", { name: "image by flux-2-pro" });
    await dialog.getByRole("img").waitFor();
    const download = dialog.getByRole("link", { name: "Download the image by flux-2-pro" });
    expect(await download.getAttribute("href")).toBe(file("wide.png"));
    await lookAt(page, "gallery-lightbox");
    await page.keyboard.press("Escape");
    expect(await image.evaluate((node) => node === document.activeElement)).toBe(true);
    expect(faults).toEqual([]);
  });

  test("links web addresses only, and has a video that Google locks through us", async () => {
    const { page } = await visit({ "GET v1/jobs": ok(jobs) });
    await cardOf(page, "a-trap").getByText("The output has no URL.").waitFor();
    expect(await page.locator('[href^="javascript"], [src^="javascript"]').count()).toBe(0);
    const card = cardOf(page, String(locked.model));
    const content = `${new URL(url()).pathname}/api/v1/jobs/${locked.id}/content`;
    expect(await card.locator("video").getAttribute("src")).toBe(content);
    // Looking at the page must not fetch every video through us.
    expect(await card.locator("video").getAttribute("preload")).toBe("none");
    const download = card.getByRole("link", { name: `Download the video by ${locked.model}` });
    expect(await download.getAttribute("href")).toBe(content);
    expect(await download.getAttribute("download")).toBe(`${locked.id}.mp4`);
  });

  test("says what cannot be shown, and still leads to it", async () => {
    const gone = job(1, { kind: "image", model: "flux-2-pro", output: [output("gone", "image/png")] });
    const { page } = await visit({ "GET v1/jobs": ok([gone]) });
    await page.getByText("Preview unavailable").waitFor();
    const link = page.getByRole("link", { name: "Open the image by flux-2-pro" });
    expect(await link.getAttribute("href")).toBe(file("gone"));
  });

  test("asks again while something runs and the tab is seen, and not otherwise", async () => {
    let shown = [running];
    const { page, asked } = await visit({ "GET v1/jobs": () => ok(shown) }, { clock: true });
    await page.getByText("One job is running.").waitFor();
    expect(asked()).toHaveLength(1);
    await page.clock.runFor(5_100);
    await expect.poll(() => asked().length).toBe(2);
    const see = (state: "visible" | "hidden") =>
      page.evaluate((value) => {
        Object.defineProperty(document, "visibilityState", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      }, state);
    await see("hidden");
    await page.clock.runFor(60_000);
    expect(asked()).toHaveLength(2);
    shown = [job(1, { kind: "image", model: "kling-v3-pro", output: [output("wide.png", "image/png")] })];
    await see("visible");
    await page.getByRole("img", { name: "Enlarge the image" }).waitFor();
    expect(asked()).toHaveLength(3);
    await page.clock.runFor(60_000);
    expect(asked()).toHaveLength(3);
    await page.getByRole("button", { name: "Refresh" }).click();
    await expect.poll(() => asked().length).toBe(4);
  });

  test("leads to older jobs and back, a page at a time, by keyboard alone", async () => {
    const all = Array.from({ length: 30 }, (_, index) =>
      job(index + 1, { kind: "image", model: `model-${index + 1}`, output: [output("wide.png", "image/png")] }),
    );
    const { page, asked } = await visit({
      "GET v1/jobs": ({ url: { searchParams } }) => {
        const start = all.findIndex(({ id }) => id === searchParams.get("before")) + 1;
        return ok(all.slice(start, start + Number(searchParams.get("limit"))));
      },
    });
    await cardOf(page, "model-24").waitFor();
    expect(await cardOf(page, "model-25").count()).toBe(0);
    await pressOn(page, page.getByRole("link", { name: "Older" }));
    await cardOf(page, "model-30").waitFor();
    expect(await cardOf(page, "model-24").count()).toBe(0);
    expect(asked().at(-1)?.url.search).toBe(`?limit=25&before=${all[23]?.id}`);
    expect(await page.getByRole("link", { name: "Older" }).count()).toBe(0);
    expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("H1");
    await pressOn(page, page.getByRole("link", { name: "Newest" }));
    await cardOf(page, "model-1").waitFor();
    await page.goBack();
    await cardOf(page, "model-30").waitFor();
  });

  test("is empty with a word about why, and tells an error in the API's own words", async () => {
    const { page } = await visit({ "GET v1/jobs": ok([]) });
    await page.getByText("No media yet").waitFor();
    await lookAt(page, "gallery-empty");
    const broken = await visit({ "GET v1/jobs": failed(503, "SERVICE_UNAVAILABLE", "A part is out of reach.") });
    await broken.page.getByRole("alert").getByText("A part is out of reach.").waitFor();
    await lookAt(broken.page, "gallery-error");
  });
});

describe.skipIf(!hasChromium)(`The simulated providers' video in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();

  test("is one that plays", async ({ skip }) => {
    const { page } = await open();
    await page.setContent("<video muted></video>");
    const canPlay = await page.evaluate(() =>
      document.createElement("video").canPlayType('video/mp4; codecs="avc1.42C00A"'),
    );
    skip(canPlay === "", "this browser has no H.264");
    const source = `data:video/mp4;base64,${stillMp4(5).toString("base64")}`;
    const seen = await page.locator("video").evaluate(async (element, url) => {
      const video = element as HTMLVideoElement;
      await new Promise((resolve, reject) => {
        video.onloadeddata = resolve;
        video.onerror = () => reject(new Error(video.error?.message));
        video.src = url;
      });
      return { width: video.videoWidth, height: video.videoHeight, seconds: video.duration };
    }, source);
    expect(seen).toEqual({ width: 64, height: 64, seconds: 5 });
  });
});

describe.skipIf(!hasChromium)(`The gallery on a running gateway${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const cloud = useCloud({ flags: ["--stage", "live"], env: { RATE_LIMIT_SCALE: "100" } });

  const signedIn = async (user: { readonly email: string; readonly password: string }) => {
    const opened = await open({ reducedMotion: "reduce" });
    const { page } = opened;
    await page.goto(`${cloud().url}/dashboard/gallery`);
    await page.getByLabel("Email").fill(user.email);
    await page.getByLabel("Password").fill(user.password);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("heading", { name: "Gallery", level: 1 }).waitFor();
    return opened;
  };

  test("a picture is seen and speech is heard where they lie, by their owner and by nobody else", async () => {
    const user = await cloud().createUser();
    const { key } = await cloud().createKey({ userId: user.userId });
    const post = async (path: string, body: object): Promise<void> => {
      const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
      const answer = await fetch(`${cloud().baseUrl}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
      expect(answer.status, await answer.text()).toBe(200);
    };
    await post("/image/generate", { model: "flux", prompt: "A lake" });
    await post("/media/image", { prompt: "A lake" });
    await post("/media/speech", { text: "Hello", output_format: "url", audio_setting: { format: "wav" } });
    await post("/video/generate", { model: "kling", prompt: "A lake" });
    const { page, faults } = await signedIn(user);
    const pictures = page.getByRole("img", { name: /Enlarge the image/ });
    await page.getByText("One job is running.").waitFor();
    expect(await pictures.count()).toBe(2);
    const widths = () =>
      pictures.evaluateAll((images) => images.map((image) => (image as HTMLImageElement).naturalWidth));
    await expect.poll(widths).not.toContain(0);
    // What the content security policy refused would never have a duration.
    const duration = await page.locator("audio").evaluate(async (player: HTMLAudioElement) => {
      await player.play();
      return player.duration;
    });
    expect(duration).toBeGreaterThan(0);
    expect(faults).toEqual([]);
    const other = await signedIn(await cloud().createUser());
    await other.page.getByText("No media yet").waitFor();
  });

  test("a video of Google is played and saved by its owner's session, and by no other", async () => {
    const user = await cloud().createUser();
    const { key } = await cloud().createKey({ userId: user.userId });
    const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
    const body = JSON.stringify({ model: "veo", prompt: "A lake" });
    const started = await fetch(`${cloud().baseUrl}/video/generate`, { method: "POST", headers, body });
    const { id } = ((await started.json()) as { data: { id: string } }).data;
    await eventually(async () => {
      const status = await fetch(`${cloud().baseUrl}/video/status?id=${id}`, { headers });
      if (!(await status.text()).includes('"completed"')) throw new Error("The video is not ready");
    });
    const { page, faults } = await signedIn(user);
    const player = page.locator("video");
    await player.waitFor();
    // Without H.264 the browser has the bytes, and refuses only what they hold.
    const [answer] = await Promise.all([
      page.waitForResponse((response) => response.url().endsWith(`/jobs/${id}/content`)),
      player.evaluate((video: HTMLVideoElement) => void video.play().catch(() => undefined)),
    ]);
    expect(answer.status()).toBe(206);
    expect(answer.headers()["content-type"]).toBe("video/mp4");
    const plays = await page.evaluate(() =>
      document.createElement("video").canPlayType('video/mp4; codecs="avc1.42C00A"'),
    );
    if (plays !== "") {
      await expect.poll(() => player.evaluate((video: HTMLVideoElement) => video.duration)).toBe(5);
      await player.evaluate((video: HTMLVideoElement) => {
        video.currentTime = 3;
      });
      await expect
        .poll(() => player.evaluate((video: HTMLVideoElement) => video.currentTime))
        .toBeGreaterThanOrEqual(3);
    }
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "Download the video" }).click(),
    ]);
    expect(download.suggestedFilename()).toBe(`${id}.mp4`);
    expect((await readFile(await download.path())).toString("latin1", 4, 8)).toBe("ftyp");
    expect(faults).toEqual([]);
    const stranger = await signedIn(await cloud().createUser());
    const status = await stranger.page.evaluate(
      async (path) => (await fetch(path)).status,
      `${new URL(cloud().url).pathname}/api/v1/jobs/${id}/content`,
    );
    expect(status).toBe(404);
  });
});
