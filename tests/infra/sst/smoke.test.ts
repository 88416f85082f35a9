import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { secretNames } from "#core/secrets.ts";
import { tables } from "#core/tables.ts";
import { buildDashboard } from "#infra/build-dashboard.ts";
import { buildDocs } from "#infra/build-docs/build-docs.ts";
import { offlineSwitches } from "#infra/mocked/install-platform.ts";
import { mockedEnvironment } from "#infra/mocked/run-program.ts";
import { deployedRows } from "#infra/mocked/stage-view.ts";
import { missingPlatform, suiteName } from "./platform.ts";

/**
 * The real `sst` CLI, with its real bundler, over STAND-INS for Pulumi and for the one AWS call before it. It finds what no
 * mock in this process can: a config that the CLI cannot evaluate, a function that its builder cannot bundle.
 * It bundles every function, so it takes minutes on a small machine and runs when asked: `SST_SMOKE=1 npx vitest run …`.
 */

const root = path.resolve(import.meta.dirname, "../../..");
const timeoutMs = 600_000;
const asked = process.env.SST_SMOKE === "1";
const reason = asked ? "" : " (skipped: set SST_SMOKE=1)";

/** Answers what the CLI asks before Pulumi: where its bootstrap is. */
const startParameterStore = async (): Promise<{ server: Server; url: string }> => {
  const value = {
    version: 99,
    asset: "sst-asset-stub",
    state: "sst-state-stub",
    assetEcrRegistryId: "1",
    assetEcrUrl: "x",
  };
  const server = createServer((request, response) => {
    request.resume().on("end", () => {
      response.setHeader("content-type", "application/x-amz-json-1.1");
      if (String(request.headers["x-amz-target"]).endsWith("GetParameter")) {
        response.end(
          JSON.stringify({ Parameter: { Name: "/sst/bootstrap", Type: "String", Value: JSON.stringify(value) } }),
        );
      } else {
        response.writeHead(400).end(JSON.stringify({ __type: "Unsupported" }));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
};

describe.skipIf(!asked || missingPlatform !== undefined)(suiteName(`sst diff over a stand-in engine${reason}`), () => {
  let folder = "";
  let server: Server | undefined;
  let changes: readonly { readonly op: string; readonly type: string }[] = [];

  beforeAll(async () => {
    await buildDashboard();
    await buildDocs();
    folder = await mkdtemp(path.join(tmpdir(), "concurred-smoke-"));
    const project = path.join(folder, "project");
    const binaries = path.join(folder, "config/sst/bin");
    await Promise.all([mkdir(path.join(project, ".sst"), { recursive: true }), mkdir(binaries, { recursive: true })]);
    // A copy: the CLI writes into the project that it runs in.
    for (const name of [
      "sst.config.ts",
      "core",
      "functions",
      "infra",
      "package.json",
      "package-lock.json",
      "tsconfig.json",
    ]) {
      await cp(path.join(root, name), path.join(project, name), { recursive: true });
    }
    await symlink(path.join(root, "node_modules"), path.join(project, "node_modules"));
    await symlink(path.join(root, ".sst/platform"), path.join(project, ".sst/platform"));
    const engine = path.join(import.meta.dirname, "stand-in-engine.ts");
    await writeFile(path.join(binaries, "pulumi"), `#!/usr/bin/env node\nimport(${JSON.stringify(engine)});\n`);
    await chmod(path.join(binaries, "pulumi"), 0o755);
    const store = await startParameterStore();
    server = store.server;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [path.join(root, "node_modules/sst/bin/sst.mjs"), "diff", "--stage", "smoke", "--json"],
      {
        cwd: project,
        timeout: timeoutMs,
        maxBuffer: 64 * 1024 * 1024,
        env: {
          ...process.env,
          ...offlineSwitches(),
          ...mockedEnvironment,
          NODE_OPTIONS: "",
          PATH: `${path.dirname(process.execPath)}:${process.env.PATH}`,
          XDG_CONFIG_HOME: path.join(folder, "config"),
          SST_STATE_HOME: "local",
          AWS_ENDPOINT_URL: store.url,
          AWS_ACCESS_KEY_ID: "stub",
          AWS_SECRET_ACCESS_KEY: "stub",
          AWS_REGION: "us-east-1",
        },
      },
    );
    changes = JSON.parse(stdout.slice(stdout.indexOf("[")));
  }, timeoutMs);

  afterAll(async () => {
    server?.close();
    if (folder !== "") await rm(folder, { recursive: true, force: true });
  });

  it("the CLI evaluates sst.config.ts and would make one Lambda for each row", () => {
    const lambdas = changes.filter(({ op, type }) => op === "create" && type === "aws:lambda/function:Function");
    expect(lambdas).toHaveLength(deployedRows.length);
  });

  it("the CLI's own builder bundles every function", async () => {
    const artifacts = path.join(folder, "project/.sst/artifacts");
    for (const { component } of deployedRows) {
      expect(await readdir(path.join(artifacts, `${component}-src`))).toEqual(
        expect.arrayContaining(["bundle.mjs", "resource.enc"]),
      );
    }
  });

  it("the types that it writes name every table, the key and every secret", async () => {
    const types = await readFile(path.join(folder, "project/sst-env.d.ts"), "utf8");
    const names = [...Object.values(tables).map(({ resource }) => resource), "EncryptionKey", ...secretNames];
    for (const name of names) expect(types).toContain(`"${name}"`);
  });
});
