import { appendFile, mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import path from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { pathToFileURL } from "node:url";
import { withoutSecretMarks } from "#infra/mocked/program.ts";
import { call, newResource, type ResourceArgs } from "#infra/mocked/pulumi-mocks.ts";

/**
 * A STAND-IN for the Pulumi command, for the smoke test of the real `sst` CLI: it runs the CLI's program under mocks and
 * writes the event log and the state that the CLI reads. It is not Pulumi, and its answers are no preview of anything.
 */

interface Pulumi {
  readonly runtime: {
    setAllConfig(config: Readonly<Record<string, string>>): void;
    setMocks(mocks: object, project: string, stack: string, preview: boolean): Promise<void>;
    runInPulumiStack(program: () => Promise<unknown>): Promise<unknown>;
  };
}

interface Made {
  readonly args: ResourceArgs;
  readonly urn: string;
  readonly id: string;
}

const pollMs = 50;
const quietPolls = 20;

const args = process.argv.slice(2);
const flagValue = (flag: string): string => args[args.indexOf(flag) + 1] ?? "";

const stateFile = (app: string, stage: string): string => {
  const backend = (process.env.PULUMI_BACKEND_URL ?? "").replace(/^file:\/\//, "");
  return path.join(backend, ".pulumi/stacks", app, `${stage}.json`);
};

const writeState = async (app: string, stage: string, resources: readonly unknown[]): Promise<void> => {
  const manifest = { time: new Date().toISOString(), magic: "", version: "" };
  const latest = { manifest, resources };
  await mkdir(path.dirname(stateFile(app, stage)), { recursive: true });
  const state = { version: 3, checkpoint: { stack: `organization/${app}/${stage}`, latest } };
  await writeFile(stateFile(app, stage), JSON.stringify(state, withoutSecretMarks));
};

const linkOutputs = ({ name, inputs }: ResourceArgs, made: readonly Made[]): object => {
  const target = name.replace(/LinkRef$/, "");
  const linked = made.find(({ args: other }) => other.name === target && other.type !== "sst:sst:LinkRef");
  const properties = { type: (linked?.args.type ?? "").replaceAll(":", "."), ...(inputs.properties as object) };
  return { target, include: inputs.include, properties };
};

const runProgram = async (app: string, stage: string): Promise<void> => {
  const eventLog = flagValue("--event-log");
  const main = /^main: (.*)$/m.exec(await readFile("Pulumi.yaml", "utf8"))?.[1] ?? "";
  const pulumi = createRequire(main)("@pulumi/pulumi") as Pulumi;
  const settings = args.flatMap((arg, index) => (arg === "--config" ? [args[index + 1] ?? ""] : []));
  pulumi.runtime.setAllConfig(
    Object.fromEntries(settings.map((setting) => [setting.split("=")[0], setting.split("=").slice(1).join("=")])),
  );
  const made: Made[] = [];
  await pulumi.runtime.setMocks(
    {
      call,
      newResource: (resource: ResourceArgs) => {
        const answer = newResource(resource);
        made.push({
          args: resource,
          id: answer.id,
          urn: `urn:pulumi:${stage}::${app}::${resource.type}::${resource.name}`,
        });
        return answer;
      },
    },
    app,
    stage,
    true,
  );
  await pulumi.runtime.runInPulumiStack(async () => {
    const program = (await import(pathToFileURL(main).href)) as { default: unknown };
    return program.default;
  });
  for (let quiet = 0, count = -1; quiet < quietPolls; await delay(pollMs)) {
    quiet = made.length === count ? quiet + 1 : 0;
    count = made.length;
  }
  const events = made.map(({ args: { type, inputs }, urn, id }, sequence) => {
    const state = { type, urn, custom: true, id, parent: "", inputs, outputs: inputs, provider: "" };
    const metadata = {
      op: "create",
      urn,
      type,
      old: null,
      new: state,
      detailedDiff: null,
      logical: true,
      provider: "",
    };
    return { sequence, timestamp: Math.floor(Date.now() / 1_000), resOutputsEvent: { metadata } };
  });
  const summary = { maybeCorrupt: false, durationSeconds: 1, resourceChanges: {}, PolicyPacks: {} };
  const all = [
    ...events,
    { sequence: events.length, timestamp: Math.floor(Date.now() / 1_000), summaryEvent: summary },
  ];
  await appendFile(eventLog, all.map((event) => `${JSON.stringify(event, withoutSecretMarks)}\n`).join(""));
  await writeState(
    app,
    stage,
    made.map(({ args: resource, urn }) => ({
      urn,
      custom: false,
      type: resource.type,
      inputs: {},
      outputs: resource.type === "sst:sst:LinkRef" ? linkOutputs(resource, made) : {},
    })),
  );
};

const appAndStage = (stack: string): readonly [string, string] => {
  const [, app = "", stage = ""] = stack.split("/");
  return [app, stage];
};

if (args[0] === "version") console.log("v3.215.0");
else if (args[0] === "stack" && args[1] === "init") await writeState(...appAndStage(args[2] ?? ""), []);
else await runProgram(...appAndStage(flagValue("--stack")));
process.exit(0);
