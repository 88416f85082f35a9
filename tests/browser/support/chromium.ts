import { existsSync } from "node:fs";
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";

/** Debian's builds of Chromium. The one without windows takes a fifth less processor time. */
const installed = ["/usr/bin/chromium-headless-shell", "/usr/bin/chromium"] as const;

/** The one that `CHROMIUM` names, or Debian's. Browser tests are skipped where there is none. */
const executablePath = process.env.CHROMIUM ?? installed.find((file) => existsSync(file)) ?? installed[0];

export const hasChromium = existsSync(executablePath);

/** For the name of a suite: says why it was skipped. */
export const needsChromium = hasChromium
  ? ""
  : " (skipped: no Chromium; apt-get install chromium-headless-shell, or set CHROMIUM)";

/** A root user's browser has no sandbox; the rest keeps it from calling its vendor. */
const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** For small and busy machines: a browser shares two cores with the gateway that it calls. */
export const browserTimeout = { timeout: 120_000 } as const;
const actionTimeoutMs = 30_000;

export interface OpenedPage {
  readonly page: Page;
  readonly context: BrowserContext;
  /** What the page wrote to the console as an error, threw, or was refused by its content security policy. */
  readonly faults: string[];
}

/** A refused call is logged by the browser as an error by itself; tests look at how the page shows it. */
const isOwnFault = (text: string): boolean => !text.startsWith("Failed to load resource");

/** One browser for all tests of a file; every test's pages are closed after it. */
export const useChromium = (): ((options?: BrowserContextOptions) => Promise<OpenedPage>) => {
  let browser: Browser | undefined;
  let contexts: BrowserContext[] = [];
  beforeAll(async () => {
    if (hasChromium) browser = await chromium.launch({ executablePath, args });
  });
  afterEach(async () => {
    const open = contexts;
    contexts = [];
    await Promise.all(open.map((context) => context.close()));
  });
  afterAll(async () => {
    await browser?.close();
  });
  return async (options = {}) => {
    if (browser === undefined) throw new Error("Chromium has not started.");
    const context = await browser.newContext({ locale: "en-US", timezoneId: "UTC", ...options });
    contexts.push(context);
    context.setDefaultTimeout(actionTimeoutMs);
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("console", (message) => {
      if (message.type() === "error" && isOwnFault(message.text())) faults.push(message.text());
    });
    page.on("pageerror", (error) => faults.push(String(error)));
    return { page, context, faults };
  };
};
