import { writeFile } from "node:fs/promises";
import type { AddressInfo, Server } from "node:net";
import { join } from "node:path";
import {
  type BackgroundFunction,
  backgroundFunctions,
  catchAll,
  type Grant,
  type Route,
  routes,
} from "#core/routes.ts";
import { type TableId, tables } from "#core/tables.ts";
import type { BuiltFunction } from "#infra/bundle.ts";
import { type GatewayResponseKind, renderGatewayResponse } from "#infra/gateway-responses.ts";
import { settingOf } from "#infra/settings.ts";
import { createRestApi, type RestRoute } from "./api-gateway/rest-api.ts";
import { buildFunctions, builtFunctions } from "./build-functions.ts";
import { type DemoAccount, demoAccount } from "./demo-account.ts";
import { type Dependencies, startDependencies } from "./dependencies.ts";
import { startEventSources } from "./event-sources.ts";
import { functionEnvironments } from "./function-environment.ts";
import { FunctionPool, type LogLine } from "./lambda/function-pool.ts";
import type { SandboxMode } from "./lambda/sandbox.ts";
import { WorkerBudget } from "./lambda/worker-budget.ts";
import { LogFile } from "./log-file.ts";
import type { FunctionRights, RightsObserver } from "./rights/function-rights.ts";
import { rightsHolders } from "./rights/rights-holders.ts";
import { type LocalRights, startRights } from "./rights/start-rights.ts";
import { startSchedules } from "./schedules.ts";

/** The whole gateway on one machine: the same handlers in AWS's own runtime behind an API Gateway front. */

export interface CloudOptions {
  /** Listens already: nobody else gets the port while the parts start, whose mails and callbacks name it. */
  readonly listener: Server;
  readonly dataDir: string;
  /** `""`: as behind a custom domain. A name: under API Gateway's stage prefix. */
  readonly stage?: string;
  readonly mode?: SandboxMode;
  /** Workers over all functions. */
  readonly maxWorkers?: number;
  readonly idleMs?: number;
  /** How many times as often as on AWS scheduled functions run. Default 1. */
  readonly scheduleScale?: number;
  /** Where `buildFunctions` put the functions before. Without it they are built into the data folder. */
  readonly functionsDir?: string;
  /** Hears of the rights that functions use. */
  readonly onAllowed?: RightsObserver;
  readonly onProgress: (step: string) => void;
  /** Hears of what failed while the cloud runs on. */
  readonly onFault: (line: string) => void;
}

export interface Cloud {
  /** Base URL, stage included, without a slash at its end. */
  readonly url: string;
  readonly account: DemoAccount;
  readonly dependencies: Dependencies;
  readonly logFile: string;
  /** What each function may do. It may change while the cloud runs. */
  readonly rights: FunctionRights;
  /** Workers that run now, over all functions. */
  workers(): number;
  /** Lets open streams end for up to `graceMs`, then stops everything. */
  close(graceMs: number): Promise<void>;
}

const tableIds = Object.keys(tables) as TableId[];

/** What an operator's commands may reach with `--local`. */
const operatorGrants: readonly Grant[] = [
  ...tableIds.map((table): Grant => `${table}:Query`),
  "kms:ReEncrypt",
  "secret:UnkeyRootKey",
  "secret:SupabaseAnonKey",
];

/** API Gateway's longest integration timeout for a stream; the function's own timeout is shorter. */
const maxStreamMs = 900_000;

/** How much of all workers one function may hold: the rest stays free for the functions that it waits for. */
const shareOfOneFunction = 5 / 6;

type AnyFunction = Pick<Route | BackgroundFunction, "id" | "handler" | "grants" | "timeoutSeconds" | "memoryMb">;

const writeLog =
  (file: LogFile) =>
  ({ functionName, line }: LogLine): void =>
    file.write(`${functionName} ${line}`);

/**
 * Starts the parts of the local cloud.
 * Length: the order in which the parts start, and what each gets from those before.
 */
const startParts = async (
  options: CloudOptions,
  building: Promise<ReadonlyMap<string, BuiltFunction>>,
): Promise<Cloud> => {
  const { listener, dataDir, stage = "", onProgress } = options;
  const { address, family, port } = listener.address() as AddressInfo;
  const siteUrl = `http://${family === "IPv6" ? `[${address}]` : address}:${port}${stage === "" ? "" : `/${stage}`}`;
  // Awaited below: a fault of the build must not end the process while the dependencies start.
  building.catch(() => undefined);
  const dependencies = await startDependencies({
    dataDir,
    siteUrl,
    onProgress,
    onMail: ({ to, type, link }) => onProgress(`Mail to ${to} (${type}): ${link}`),
  });
  const logFile = join(dataDir, "functions.log");
  const log = new LogFile(logFile, options.onFault);
  const pools: FunctionPool[] = [];
  let rights: LocalRights | undefined;
  const stopEverything = async (): Promise<void> => {
    for (const pool of pools) pool.stop();
    await rights?.close();
    await dependencies.close();
    await log.close();
  };
  try {
    const bundles = await building;
    const maxWorkers = options.maxWorkers ?? 60;
    const budget = new WorkerBudget({ maxWorkers });
    const operator = functionEnvironments(dependencies)({ id: "operator", grants: operatorGrants });
    await writeFile(join(dataDir, "operator-environment.json"), JSON.stringify(operator, null, 2), { mode: 0o600 });
    const bedrockUrl = settingOf("BEDROCK_BASE_URL") ?? dependencies.simulatedProviders.bedrock;
    rights = await startRights({
      dependencies: { ...dependencies, bedrockUrl },
      holders: rightsHolders(settingOf("WITHOUT_RIGHTS")),
      onAllowed: options.onAllowed,
      onDenied: ({ functionId, call }) =>
        log.write(`concurred-local-${functionId} is not allowed ${call.action} on ${call.resource}`),
    });
    const environmentOf = functionEnvironments({
      ...dependencies,
      dynamoDbEndpoint: rights.dynamoDbEndpoint,
      kmsEndpoint: rights.kmsEndpoint,
      bedrockUrl: rights.bedrockUrl,
      stsEndpoint: rights.stsEndpoint,
    });
    const poolOf = (definition: AnyFunction): FunctionPool => {
      const bundle = bundles.get(definition.handler);
      if (bundle === undefined) throw new Error(`${definition.handler} was not built`);
      const pool = new FunctionPool({
        name: `concurred-local-${definition.id}`,
        handler: bundle.entry,
        taskRoot: bundle.folder,
        env: environmentOf(definition),
        memoryMb: definition.memoryMb,
        timeoutMs: definition.timeoutSeconds * 1_000,
        mode: options.mode ?? "thread",
        ...(options.idleMs === undefined ? {} : { idleMs: options.idleMs }),
        budget,
        maxWorkers: Math.ceil(maxWorkers * shareOfOneFunction),
        log: writeLog(log),
      });
      pools.push(pool);
      return pool;
    };
    const toRoute = (route: Route): RestRoute => {
      const pool = poolOf(route);
      return {
        path: route.path,
        stream: route.stream,
        timeoutMs: route.stream ? maxStreamMs : route.timeoutSeconds * 1_000,
        invoke: (payload) => pool.invoke(payload),
      };
    };
    const notFound = toRoute(catchAll);
    const api = createRestApi({
      // `{proxy+}` does not match the root: it has a resource of its own, as in infra/api.ts.
      routes: [...routes.map(toRoute), { ...notFound, path: "/" }],
      catchAll: notFound,
      stage,
      gatewayResponse: (kind: GatewayResponseKind, context) => renderGatewayResponse(kind, context),
    });
    const url = await api.takeOver(listener);
    const account = await demoAccount({ dataDir, dependencies, url, onFault: options.onFault });
    const background = backgroundFunctions.map((definition) => ({ definition, pool: poolOf(definition) }));
    const schedules = startSchedules(background, options.scheduleScale);
    const eventSources = startEventSources({
      consumers: background,
      dependencies,
      dataDir,
      log: (message) => log.write(message),
    });
    return {
      url,
      account,
      dependencies,
      logFile,
      rights: rights.rights,
      workers: () => budget.workers,
      close: async (graceMs) => {
        schedules.stop();
        await api.close(graceMs);
        await eventSources.stop();
        await Promise.all(pools.map((pool) => pool.drain(graceMs)));
        await stopEverything();
      },
    };
  } catch (error) {
    await stopEverything();
    throw error;
  }
};

/**
 * Builds the functions and starts everything. What started is stopped again when one part cannot start, and the build has
 * ended: nothing is written any more.
 */
export const startCloud = async (options: CloudOptions): Promise<Cloud> => {
  const { functionsDir, dataDir, onProgress } = options;
  const building =
    functionsDir === undefined
      ? buildFunctions(join(dataDir, "functions"), onProgress)
      : Promise.resolve(builtFunctions(functionsDir));
  try {
    return await startParts(options, building);
  } catch (error) {
    await Promise.allSettled([building]);
    throw error;
  }
};
