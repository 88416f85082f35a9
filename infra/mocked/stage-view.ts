import {
  type BackgroundFunction,
  backgroundFunctions,
  type ConcurrencyClass,
  catchAll,
  type Grant,
  routes,
} from "#core/routes.ts";
import type { MockedRun, Registration } from "./registration.ts";

export type Inputs = Readonly<Record<string, unknown>>;

/** A row of the tables, whatever its kind, with what it has to become. */
export interface DeployedRow {
  readonly id: string;
  /** Logical name of the SST function. */
  readonly component: string;
  readonly handler: string;
  readonly grants: readonly Grant[];
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
  readonly stream: boolean;
  /** Undefined: no path reaches it. */
  readonly path: string | undefined;
  readonly concurrency: ConcurrencyClass | "background";
  /** What a background function runs on. */
  readonly trigger?: BackgroundFunction["trigger"];
}

/** Every function that has to be deployed. */
export const deployedRows: readonly DeployedRow[] = [
  ...[...routes, catchAll].map((row) => ({ ...row, component: `ApiRoute${row.id}Handler` })),
  ...backgroundFunctions.map((row) => ({
    ...row,
    component: row.id as string,
    stream: false,
    path: undefined,
    concurrency: "background" as const,
  })),
];

/** Resources of a type. */
export const ofType = ({ resources }: MockedRun, type: string): readonly Registration[] =>
  resources.filter((resource) => resource.type === type);

/** The one resource of a type and name. Throws when there is none, or more. */
export const theOne = (run: MockedRun, type: string, name: string): Inputs => {
  const found = ofType(run, type).filter((resource) => resource.name === name);
  if (found.length !== 1 || found[0] === undefined) throw new Error(`${found.length} resources ${type} ${name}`);
  return found[0].inputs;
};

/** Inputs of a function's Lambda, by the id of its row. */
export const lambdaOf = (run: MockedRun, { component }: DeployedRow): Inputs =>
  theOne(run, "aws:lambda/function:Function", `${component}Function`);
