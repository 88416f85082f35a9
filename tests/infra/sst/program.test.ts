import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, it } from "vitest";
import { findTypeFaults } from "#infra/commands/check-sst.ts";
import { bundleProgram, runProgram } from "#infra/mocked/run-program.ts";
import { localFaults } from "#infra/settings.ts";
import { missingPlatform, suiteName } from "./platform.ts";

const root = path.resolve(import.meta.dirname, "../../..");

describe.skipIf(missingPlatform !== undefined)(suiteName("what sst.config.ts reaches"), () => {
  it("is our tables and infra/ alone: no CDK, no package, no function, so that every command starts at once", async () => {
    const folder = await mkdtemp(path.join(tmpdir(), "concurred-program-"));
    try {
      const { inputs } = await bundleProgram({ stage: "production" }, folder, path.join(folder, "program.mjs"));
      const ours = inputs
        .filter((file) => !file.startsWith(".sst/") && !file.startsWith("infra/mocked/"))
        .filter((file) => !/^(<|eval\.ts)/.test(file));
      expect(ours).toContain("infra/deploy.ts");
      expect(
        ours.filter(
          (file) =>
            !/^(sst\.config\.ts|infra\/[\w-]+\.ts|core\/[\w-]+\.ts|core\/db\/tables\.ts|core\/settings\/[\w-]+\.ts|core\/catalog\/(bedrock-\w+|define-model|model-kinds|models-anthropic)\.ts)$/.test(
              file,
            ),
        ),
      ).toEqual([]);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  it("type-checks under our own rules", async () => {
    expect(await findTypeFaults()).toEqual([]);
  }, 120_000);
});

describe.skipIf(missingPlatform !== undefined)(suiteName("a deployment with bad settings"), () => {
  it("is refused before anything is made, with the sentences of npm start", async () => {
    const environment = { DAILY_SPEND_CAP_USD: "x", RATE_LIMIT_SCALE: "-1", DOMAIN_NAME: "" };
    const sentences = localFaults(environment);
    expect(sentences).toHaveLength(2);
    const run = runProgram({ stage: "dev", environment });
    for (const sentence of sentences) await expect(run).rejects.toThrow(sentence);
  }, 200_000);
});

describe("sst.config.ts", () => {
  it("stays a pointer: under 40 lines", async () => {
    expect((await readFile(path.join(root, "sst.config.ts"), "utf8")).split("\n").length).toBeLessThan(40);
  });
});
