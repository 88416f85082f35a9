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
  };
}

export interface ProgramOptions {
  readonly app: { readonly name: string; readonly stage: string };
  readonly workFolder: string;
  readonly resultFile: string;
  readonly run: () => Promise<Readonly<Record<string, unknown>>>;
}

const pollMs = 50;
const quietPolls = 10;

/** Links and live functions register after the program's own promise: ends when nothing has been added for a while. */
const settled = async (progress: () => number | undefined): Promise<void> => {
  let last: number | undefined;
  for (let quiet = 0; quiet < quietPolls; await delay(pollMs)) {
    const now = progress();
    quiet = now !== undefined && now === last ? quiet + 1 : 0;
    last = now;
  }
};

/** Pulumi's mark on a value that its state keeps encrypted. The value itself is what tests look at. */
const secretMark = "4dabf18193072939515e22adb298388d";

export const withoutSecretMarks = (_name: string, value: unknown): unknown =>
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
  await settled(() => {
    const waiting = rpc.openRequests();
    return waiting > 0 ? undefined : made.length + rpc.builds.length;
  });
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
  await writeFile(resultFile, JSON.stringify(result, withoutSecretMarks));
};
