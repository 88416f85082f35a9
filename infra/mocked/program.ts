import { writeFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { call, newResource, outputsOf, type ResourceArgs } from "./pulumi-mocks.ts";
import type { MockedRun, Registration } from "./registration.ts";
import { startRpcServer } from "./rpc-server.ts";

/** Runs inside the bundle that `run-program.ts` makes: the whole program of `sst.config.ts`, with mocks for its engine. */

interface ResourceOptions {
  readonly parent?: { readonly __name?: string };
  readonly retainOnDelete?: boolean;
  readonly dependsOn?: unknown;
}

interface PulumiRuntime {
  readonly runtime: {
    setMocks(
      mocks: { newResource: typeof newResource; call: typeof call },
      project: string,
      stack: string,
      preview: boolean,
    ): Promise<void>;
    runInPulumiStack(program: () => Promise<unknown>): Promise<Readonly<Record<string, unknown>>>;
    registerStackTransformation(
      transformation: (args: { type: string; name: string; opts: ResourceOptions }) => undefined,
    ): void;
    waitForRPCs?(): Promise<void>;
  };
}

export interface ProgramOptions {
  readonly app: { readonly name: string; readonly stage: string };
  readonly workFolder: string;
  readonly resultFile: string;
  readonly run: () => Promise<Readonly<Record<string, unknown>>>;
}

const settleMs = 100;

/** Pulumi's mark on a value that its state keeps encrypted. The value itself is what tests look at. */
const secretMark = "4dabf18193072939515e22adb298388d";

const withoutSecretMarks = (_name: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && secretMark in value && "value" in value ? value.value : value;

const dependencyNames = (dependsOn: unknown): readonly string[] => {
  const list = (Array.isArray(dependsOn) ? dependsOn : [dependsOn]) as readonly { readonly __name?: string }[];
  return list.flatMap((resource) => (typeof resource?.__name === "string" ? [resource.__name] : []));
};

/** Runs the program and writes what it led to as JSON (`MockedRun`). Throws what the program throws. */
export const runMocked = async ({ app, workFolder, resultFile, run }: ProgramOptions): Promise<void> => {
  const pulumi = (await import("@pulumi/pulumi" as string)) as PulumiRuntime;
  const rpc = await startRpcServer(workFolder);
  process.env.SST_SERVER = rpc.url;
  const made: ResourceArgs[] = [];
  const options = new Map<string, ResourceOptions>();
  await pulumi.runtime.setMocks(
    {
      newResource: (args) => {
        made.push(args);
        return newResource(args);
      },
      call,
    },
    app.name,
    app.stage,
    false,
  );
  const outputs = await pulumi.runtime.runInPulumiStack(async () => {
    pulumi.runtime.registerStackTransformation(({ type, name, opts }) => {
      options.set(`${type}/${name}`, opts);
      return undefined;
    });
    return run();
  });
  // Links and functions register a little after the program's own promise has resolved.
  for (let count = -1; count !== made.length; await delay(settleMs)) {
    count = made.length;
    await pulumi.runtime.waitForRPCs?.();
  }
  const resources: Registration[] = [];
  for (const args of made) {
    const { parent, retainOnDelete, dependsOn } = options.get(`${args.type}/${args.name}`) ?? {};
    resources.push({
      type: args.type,
      name: args.name,
      id: newResource(args).id,
      inputs: args.inputs,
      outputs: outputsOf(args),
      parent: parent?.__name,
      retainOnDelete: retainOnDelete ?? false,
      dependsOn: dependencyNames(dependsOn),
    });
  }
  const result: MockedRun = { app, outputs: JSON.parse(JSON.stringify(outputs ?? {})), resources, builds: rpc.builds };
  rpc.close();
  await writeFile(resultFile, JSON.stringify(result, withoutSecretMarks));
};
