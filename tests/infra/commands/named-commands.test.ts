import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import type { NamedCommand, NamedCommands } from "#infra/commands/named-commands.ts";
import { operatorCommands } from "#infra/commands/operator.ts";
import { benchCommands } from "#tests/bench/run.ts";
import { loadCommands } from "#tests/load/run.ts";
import { filesBelow, repositoryRoot as root } from "#tests/support/repository-files.ts";

const failureSchema = z.object({ code: z.number(), stdout: z.string(), stderr: z.string() });

/** Runs a dispatcher as its npm script does. */
const run = async (file: string, ...args: readonly string[]) => {
  try {
    // Without the links to a stage that the test setup puts into the environment.
    const env = { PATH: process.env.PATH };
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [file, ...args], { cwd: root, env });
    return { code: 0, stdout, stderr };
  } catch (error) {
    return failureSchema.parse(error);
  }
};

describe.each([
  ["operator", "infra/commands/operator.ts", operatorCommands],
  ["load", "tests/load/run.ts", loadCommands],
] as const)("npm run %s", (_, file, commands) => {
  it("without a name lists every command with its summary", async () => {
    const { code, stdout } = await run(file);
    expect(code).toBe(0);
    for (const [name, { summary }] of Object.entries<NamedCommand>(commands)) {
      expect(stdout).toMatch(new RegExp(`^ {2}${name} +\\S`, "m"));
      expect(stdout).toContain(summary);
    }
  });
});

describe("npm run operator", () => {
  it("forwards arguments, output and the exit code", async () => {
    expect(await run("infra/commands/operator.ts", "rebuild-usage")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("operator -- rebuild-usage YYYY-MM-DD"),
    });
    const userId = "3f1c3b0e-6c0a-4a4e-9f62-0d6c9f6f6a11";
    const elsewhere = await run("infra/commands/operator.ts", "disable-user", userId);
    expect(elsewhere.code).toBe(1);
    expect(elsewhere.stderr).toContain("npx sst shell");
  });

  it("refuses an unknown name, and says which there are", async () => {
    for (const name of ["toString", "no-such-command"]) {
      const { code, stderr } = await run("infra/commands/operator.ts", name);
      expect(code).toBe(1);
      expect(stderr).toContain(`Unknown command: ${name}`);
      expect(stderr).toContain("disable-user");
    }
  });
});

describe("commands by name", () => {
  const commands = Object.entries<NamedCommand>({ ...operatorCommands, ...benchCommands, ...loadCommands });

  it.each(commands)("%s runs a file that exists", (_, { run: [program, ...args] }) => {
    if (program === "npm") return;
    const file = args.find((arg) => arg.endsWith(".ts"));
    expect(file).toBeDefined();
    expect(existsSync(join(root, file ?? ""))).toBe(true);
  });

  const { scripts } = z
    .object({ scripts: z.record(z.string(), z.string()) })
    .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));
  const named: Readonly<Record<string, NamedCommands>> = {
    operator: operatorCommands,
    bench: benchCommands,
    load: loadCommands,
  };
  const mentions = filesBelow()
    .filter((file) => /\.(ts|tsx|mjs|json|ya?ml|md|sh|run)$|\.ci\/run$/.test(file) && file !== import.meta.filename)
    .flatMap((file) =>
      [...readFileSync(file, "utf8").matchAll(/npm run (?:--silent )?([\w:-]+)(?: -- ([a-z][\w-]*))?/g)].map(
        ([text, scriptName = "", name]) => ({ file, text, scriptName, name }),
      ),
    );

  it("and npm scripts are all that documents, code and workflows mention", () => {
    expect(mentions.length).toBeGreaterThan(20);
    const unknown = mentions.filter(
      ({ scriptName, name }) =>
        !Object.hasOwn(scripts, scriptName) ||
        (name !== undefined && Object.hasOwn(named, scriptName) && !Object.hasOwn(named[scriptName] ?? {}, name)),
    );
    expect(unknown.map(({ file, text }) => `${file}: ${text}`)).toEqual([]);
  });
});
