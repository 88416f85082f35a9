/** One resource as SST's program registered it, before any provider saw it. */
export interface Registration {
  /** Pulumi's type token, such as `aws:lambda/function:Function`. */
  readonly type: string;
  /** Logical name, which is stable; physical names carry random suffixes. */
  readonly name: string;
  readonly id: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Values that other resources may have been given: id, ARN and names. */
  readonly outputs: readonly string[];
  readonly parent: string | undefined;
  readonly retainOnDelete: boolean;
  readonly dependsOn: readonly string[];
}

/** A function that SST's builder was asked for, or, in `sst dev`, that the developer's machine was told to serve. */
export interface Build {
  readonly functionId: string;
  readonly handler: string;
  readonly runtime: string;
  /** Linked values by resource name. */
  readonly links: Readonly<Record<string, unknown>>;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly live: boolean;
}

/** Everything that a run of `sst.config.ts` led to. */
export interface MockedRun {
  readonly app: Readonly<Record<string, unknown>>;
  readonly outputs: Readonly<Record<string, unknown>>;
  readonly resources: readonly Registration[];
  readonly builds: readonly Build[];
}
