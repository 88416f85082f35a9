import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { browserTimeout, hasChromium, needsChromium, useChromium } from "./support/chromium.ts";
import { type Answers, failed, fakeApi } from "./support/fake-api.ts";
import { usePageServer } from "./support/page-server.ts";

/** What the pages about an account do where a real API would rarely lead. */

describe.skipIf(!hasChromium)(`The pages about an account in a browser${needsChromium}`, browserTimeout, () => {
  const open = useChromium();
  const url = usePageServer();

  const visit = async (path: string, answers: Answers) => {
    const opened = await open({ viewport: { width: 1440, height: 900 }, reducedMotion: "reduce" });
    const calls = await fakeApi(opened.page, answers);
    await opened.page.goto(`${url()}/dashboard/${path}`);
    return { ...opened, calls };
  };

  test("an export waits where the API says so, continues after a failure, and has every line once", async () => {
    const line = (number: number): string => `{"type":"request","number":${number}}\n`;
    let tries = 0;
    const { page, calls } = await visit("account", {
      "GET v1/account/export": ({ url: asked }) => {
        tries += 1;
        const cursor = asked.searchParams.get("cursor");
        if (tries === 2) return failed(503, "SERVICE_UNAVAILABLE", "A required service is unavailable.");
        if (tries === 3) {
          return { ...failed(429, "RATE_LIMIT_EXCEEDED", "Too many pages."), headers: { "retry-after": "1" } };
        }
        if (cursor === null) return { status: 200, text: `${line(1)}${line(2)}{"type":"next","cursor":"a"}\n` };
        return { status: 200, text: `${line(3)}{"type":"end"}\n` };
      },
    });
    const section = page.getByRole("region", { name: "Export" });
    await section.getByRole("button", { name: "Download my data" }).click();
    await section.getByRole("alert").getByText("A required service is unavailable.").waitFor();
    const downloading = page.waitForEvent("download");
    await section.getByRole("button", { name: "Continue" }).click();
    await section.getByText("Waiting: the API allows 60 pages a minute.").waitFor();
    const download = await downloading;
    await section.getByText("Done: 3 lines").waitFor();
    expect(await readFile(await download.path(), "utf8")).toBe(`${line(1)}${line(2)}${line(3)}`);
    const cursors = calls
      .filter(({ name }) => name === "GET v1/account/export")
      .map(({ url: asked }) => asked.searchParams.get("cursor"));
    expect(cursors).toEqual([null, "a", "a", "a"]);
  });
});
