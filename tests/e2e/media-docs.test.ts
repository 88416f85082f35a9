import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { routes } from "#core/routes.ts";
import { useCloud } from "#tests/support/cloud.ts";

/** docs/guide/media.md: its lines are pasted into a shell, in order, as a reader would. */

const run = promisify(execFile);
const page = await readFile(join(import.meta.dirname, "../../docs/guide/media.md"), "utf8");
const blocks = [...page.matchAll(/```sh\n([\s\S]*?)```/g)].map(([, text]) => text ?? "");
const hasCurl = await run("curl", ["--version"]).then(
  () => true,
  () => false,
);

describe.skipIf(!hasCurl)("docs/guide/media.md (skipped without curl)", () => {
  const cloud = useCloud({ env: { RATE_LIMIT_SCALE: "100" } });
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "concurred-docs-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("works line by line when pasted", { timeout: 120_000 }, async () => {
    const { key } = await cloud().createKey();
    // Any answer of 400 and more ends the script.
    const script = `set -euo pipefail\ncurl() { command curl --fail-with-body "$@"; }\n${blocks.join("\n")}`;
    const env = { PATH: process.env.PATH, HOME: folder, CK_KEY: key, BASE: cloud().baseUrl };
    const { stdout } = await run("bash", ["-c", script], { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 });
    expect(stdout).toContain('"success":true');
    expect(stdout).toContain("event: result");
    expect(JSON.parse(await readFile(join(folder, "speech.json"), "utf8"))).toMatchObject({ success: true });
    for (const name of ["speech.mp3", "song.mp3"]) expect((await stat(join(folder, name))).size).toBeGreaterThan(500);
  });
});

describe("docs/guide/media.md", () => {
  it("has a line for every endpoint of media", () => {
    const paths = routes
      .map(({ path }) => path)
      .filter((path) => /^\/api\/v1\/(media|fashion|image|video|vision|jobs)\b/.test(path))
      .map((path) => path.replace("/api/v1/", "").replaceAll(/\{\w+\}/g, "\\$\\w+"));
    expect(paths.length).toBeGreaterThan(13);
    expect(paths.filter((path) => !new RegExp(`\\$BASE/${path}`).test(blocks.join("\n")))).toEqual([]);
  });
});
