import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { chromium } from "playwright-core";
import { readTelemetry } from "#infra/operators/preview/local-metrics.ts";
import { dashboardPage } from "#infra/operators/preview/page.ts";
import { settingOf } from "#infra/settings.ts";

/**
 * `npm run operator -- preview-operators [functions.log] [--out page.html]
 * [--screenshot docs/operations/operators-preview.png]`: renders the operators' dashboards from the metrics of `npm start`.
 */

const chromiumPath = process.env.CHROMIUM ?? "/usr/bin/chromium";
const chromiumFlags = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const pageWidth = 1_260;
const startTimeoutMs = 120_000;

/** Captures a page from top to bottom. Throws when Chromium is not installed. */
const takeScreenshot = async (html: string, file: string): Promise<void> => {
  if (!existsSync(chromiumPath)) throw new Error(`No Chromium at ${chromiumPath}: install it, or set CHROMIUM`);
  const browser = await chromium.launch({ executablePath: chromiumPath, args: chromiumFlags, timeout: startTimeoutMs });
  try {
    const page = await browser.newPage({ viewport: { width: pageWidth, height: 800 } });
    await page.setContent(html);
    await page.screenshot({ path: file, fullPage: true });
  } finally {
    await browser.close();
  }
};

const main = async (): Promise<void> => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { out: { type: "string" }, screenshot: { type: "string" } },
  });
  const dataDir = resolve(settingOf("LOCAL_DATA_DIR") ?? ".local");
  const log = positionals[0] ?? join(dataDir, "functions.log");
  if (!existsSync(log)) throw new Error(`${log} does not exist: send requests to npm start, or name a log file`);
  const page = dashboardPage(readTelemetry(await readFile(log, "utf8")));
  const out = values.out ?? join(dataDir, "operators.html");
  await writeFile(out, page);
  console.log(out);
  if (values.screenshot === undefined) return;
  await takeScreenshot(page, values.screenshot);
  console.log(values.screenshot);
};

if (import.meta.main) {
  await main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
