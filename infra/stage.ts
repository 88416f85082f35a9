import {
  type BackgroundFunction,
  backgroundFunctions,
  type ConcurrencyClass,
  catchAll,
  type Route,
  routes,
} from "#core/routes.ts";
import { settingOf } from "./settings.ts";

/**
 * What differs between stages. Three kinds: `production` keeps everything, `staging` behaves the same and can be thrown
 * away, and every other name is a developer's own stage, which costs nothing while it is idle.
 */

/** Concurrent executions that one function of a class has to itself. It is its ceiling too. */
export type ReservedConcurrency = Readonly<Partial<Record<ConcurrencyClass | "background", number>>>;

/** API Gateway's token bucket: requests a second and how many may come at once. */
export interface Throttle {
  readonly ratePerSecond: number;
  readonly burst: number;
}

export interface StageSettings {
  /** Reserved concurrency, the firewall and the operators' stack are for permanent stages only. */
  readonly permanent: boolean;
  /** Whether scheduled functions run. */
  readonly schedules: boolean;
  /** Tables refuse to be deleted, the stack refuses to be removed, and what holds data outlives it. */
  readonly keepsData: boolean;
  readonly logRetention: "1 week" | "1 month" | "3 months";
  /**
   * Streams have no entry: they share what is left of the account's concurrency, and so can neither take what sign-in
   * and health need, nor be held down while the account has room.
   */
  readonly reservedConcurrency: ReservedConcurrency;
  /** Of the whole stage. */
  readonly throttle: Throttle;
  /** Of public paths that answer without a key. */
  readonly publicThrottle: Throttle;
}

/** Days of each retention, as CloudWatch names them. */
export const logRetentionDays: Readonly<Record<StageSettings["logRetention"], number>> = {
  "1 week": 7,
  "1 month": 30,
  "3 months": 90,
};

const production: StageSettings = {
  permanent: true,
  schedules: true,
  keepsData: true,
  logRetention: "3 months",
  reservedConcurrency: { api: 9, page: 7, background: 4 },
  throttle: { ratePerSecond: 1_000, burst: 2_000 },
  publicThrottle: { ratePerSecond: 50, burst: 100 },
};

const staging: StageSettings = {
  permanent: true,
  schedules: true,
  keepsData: false,
  logRetention: "1 month",
  reservedConcurrency: { api: 2, page: 2, background: 2 },
  throttle: { ratePerSecond: 100, burst: 200 },
  publicThrottle: { ratePerSecond: 10, burst: 20 },
};

const personal: StageSettings = {
  permanent: false,
  schedules: false,
  keepsData: false,
  logRetention: "1 week",
  reservedConcurrency: {},
  throttle: { ratePerSecond: 50, burst: 100 },
  publicThrottle: { ratePerSecond: 5, burst: 10 },
};

/** The settings of a stage by its name. */
export const settingsOf = (stage: string): StageSettings =>
  stage === "production" ? production : stage === "staging" ? staging : personal;

/** What AWS keeps for functions without a reservation, at the least. Source: Lambda developer guide, "Reserved concurrency". */
const unreservedMinimum = 100;

/** Executions that a stage reserves over all its functions, or would reserve for another route table. */
export const reservedTotal = (
  reserved: ReservedConcurrency,
  rows: readonly Pick<Route, "concurrency">[] = routes,
): number => {
  const classes = [...rows, catchAll].map(({ concurrency }) => reserved[concurrency] ?? 0);
  const background = (backgroundFunctions as readonly BackgroundFunction[]).map(() => reserved.background ?? 0);
  return [...classes, ...background].reduce((sum, count) => sum + count, 0);
};

/**
 * Why a stage cannot have its reservations, or undefined when it can: AWS would refuse them in the middle of a deploy.
 * `accountLimit` is the account's quota "Concurrent executions" in the region, which may be 10 in a new account.
 */
export const reservationFault = (reserved: ReservedConcurrency, accountLimit: number): string | undefined => {
  const total = reservedTotal(reserved);
  if (total === 0 || total <= accountLimit - unreservedMinimum) return undefined;
  return (
    `No concurrency is reserved: this stage reserves ${total} executions and AWS keeps ${unreservedMinimum} unreserved, ` +
    `but the account has ${accountLimit}. Streams can now take the executions that sign-in and health need. ` +
    'Request a higher quota "Concurrent executions" for Lambda in Service Quotas, then deploy again.'
  );
};

const defaultRegion = "us-east-1";

/** What `sst.config.ts` tells SST of the app: name, region, and what happens to a removed stage. */
export const appOf = (stage: string) => {
  const { keepsData } = settingsOf(stage);
  return {
    name: "concurred",
    // `local` keeps the state in .sst: for the smoke test, which has no bucket. Never for a stage that someone else deploys.
    home: settingOf("SST_STATE_HOME") === "local" ? ("local" as const) : ("aws" as const),
    removal: keepsData ? ("retain" as const) : ("remove" as const),
    protect: keepsData,
    providers: {
      aws: {
        region: (settingOf("AWS_REGION") ?? defaultRegion) as typeof defaultRegion,
        defaultTags: { tags: { app: "concurred", stage } },
      },
    },
  };
};
