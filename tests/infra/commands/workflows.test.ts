import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { deploymentVariableNames, functionVariableNames } from "#infra/deploy-environment.ts";

const folder = join(import.meta.dirname, "../../../.github/workflows");

interface Step {
  readonly uses?: string;
  readonly run?: string;
  readonly with?: Readonly<Record<string, unknown>>;
}
interface Workflow {
  readonly permissions?: Readonly<Record<string, string>>;
  readonly jobs: Readonly<
    Record<string, { readonly steps: readonly Step[]; readonly permissions?: Readonly<Record<string, string>> }>
  >;
}

const files = readdirSync(folder);

describe("the deploy workflow", () => {
  const { jobs } = parse(readFileSync(join(folder, "deploy.yml"), "utf8")) as {
    jobs: { deploy: { env: Readonly<Record<string, string>> } };
  };

  it("forwards every setting that a deployment reads", () => {
    const computed = ["STAGE", "ROUTE_ID", "VERSION"];
    const settings = [...deploymentVariableNames, ...functionVariableNames].filter((name) => !computed.includes(name));
    const { env } = jobs.deploy;
    expect(settings.filter((name) => env[name] !== `\${{ vars.${name} }}`)).toEqual([]);
  });

  it("leaves nothing that only a workflow knows: each variable is a setting or one of its own", () => {
    const own = ["STAGE", "VERSION", "SST_TELEMETRY_DISABLED"];
    const known = [...own, ...deploymentVariableNames, ...functionVariableNames];
    expect(Object.keys(jobs.deploy.env).filter((name) => !known.includes(name))).toEqual([]);
  });
});

describe.each(files)("%s", (file) => {
  const text = readFileSync(join(folder, file), "utf8");
  const workflow = parse(text) as Workflow;
  const steps = Object.values(workflow.jobs).flatMap((job) => [...job.steps]);

  it("pins every action by the digest of a release", () => {
    for (const { uses } of steps) {
      if (uses !== undefined) expect(uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    }
    for (const use of text.match(/uses: .*/g) ?? []) expect(use).toMatch(/ # v\d+\.\d+\.\d+$/);
  });

  it("may read the repository and nothing more, but for the token of a deploy", () => {
    expect(workflow.permissions).toEqual({ contents: "read" });
    for (const [name, { permissions }] of Object.entries(workflow.jobs)) {
      if (permissions !== undefined) {
        expect([name, permissions]).toEqual(["deploy", { contents: "read", "id-token": "write" }]);
      }
    }
  });

  it("leaves no token behind in the checkout, and puts no input into a command", () => {
    for (const step of steps) {
      if (step.uses?.startsWith("actions/checkout")) expect(step.with).toEqual({ "persist-credentials": false });
      if (step.run !== undefined) expect(step.run).not.toContain("${{");
    }
  });

  it("names no stored key of AWS", () => {
    expect(text).not.toMatch(/AWS_(ACCESS_KEY_ID|SECRET_ACCESS_KEY)|secrets\./);
  });
});
