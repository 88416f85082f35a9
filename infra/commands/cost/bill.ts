import { alarms, composites } from "#infra/operators/alarms.ts";
import { dashboards } from "#infra/operators/panels.ts";
import { firewallMonthUsd, firewallRules, prices, type Tier } from "./prices.ts";
import {
  bytesAroundMessage,
  keptBytes,
  logBytes,
  promptBytesOfToken,
  type RequestShape,
  readUnits,
  streamedBytesOfToken,
  sumOf,
  writeUnits,
} from "./request-units.ts";

/** What a month of traffic costs on this design, by service, and what would replace it on containers that always run. */

export interface Traffic extends RequestShape {
  /** A month. */
  readonly requests: number;
  readonly inputTokens: number;
  readonly memoryMb: number;
  /** The busiest moment over the average. */
  readonly peak: number;
  /** Calls of KMS a request: 1 is the worst, when no environment sees a user twice in five minutes. */
  readonly kmsCalls: number;
  /** Sets of route, model and provider that are in use: each has its own metrics. */
  readonly combinations: number;
}

export interface BillLine {
  readonly service: string;
  readonly usd: number;
  /** The arithmetic, for people. */
  readonly how: string;
}

const monthSeconds = 730 * 3_600;
const monthDays = 730 / 24;
const gigabyte = 1e9;

/** The price of an amount whose unit gets cheaper in tiers. */
export const tiered = (amount: number, tiers: readonly Tier[]): number => {
  let usd = 0;
  let done = 0;
  for (const { upTo, price } of tiers) {
    const part = Math.min(amount, upTo) - done;
    if (part <= 0) break;
    usd += part * price;
    done += part;
  }
  return usd;
};

const count = (value: number): string => new Intl.NumberFormat("en", { maximumSignificantDigits: 4 }).format(value);

const streamedBytes = ({ outputTokens }: Traffic): number => outputTokens * streamedBytesOfToken + bytesAroundMessage;
const sentBytes = (traffic: Traffic): number =>
  streamedBytes(traffic) + traffic.inputTokens * promptBytesOfToken + bytesAroundMessage;

const apiGateway = (traffic: Traffic): BillLine => {
  const counted = traffic.requests * Math.max(1, Math.ceil(streamedBytes(traffic) / prices.apiGatewayBytesOfRequest));
  return {
    service: "API Gateway",
    usd: tiered(counted, prices.apiGatewayRequests),
    how: `${count(counted)} requests, one for each 10 MB of an answer`,
  };
};

/** Of the gateway's own work, before and after the provider's. Measured at 5 to 60 ms; a start adds more, rarely. */
const ownSeconds = 0.1;

const lambda = (traffic: Traffic): BillLine => {
  const gbSeconds = traffic.requests * (traffic.seconds + ownSeconds) * (traffic.memoryMb / 1_024);
  const beyond = Math.max(0, streamedBytes(traffic) - prices.lambdaStreamedFreeBytes) / gigabyte;
  return {
    service: "Lambda",
    usd:
      tiered(gbSeconds, prices.lambdaGbSeconds) +
      traffic.requests * (prices.lambdaRequest + beyond * prices.lambdaStreamedGb),
    how: `${count(gbSeconds)} GB-s: every second of an answer is paid, also while it waits for the provider`,
  };
};

/** The rollup and the sweeper: at most one run each 5 s a shard, and one a minute. */
const background = ({ requests }: Traffic): BillLine => {
  // Open rows wake nothing: one record for each request.
  const rollups = Math.max(Math.min(requests, monthSeconds / 5), requests / 90);
  const sweeps = monthSeconds / 60;
  const gbSeconds = (rollups * 0.2 + sweeps * 0.5) * 0.5;
  return {
    service: "Lambda, background",
    usd: tiered(gbSeconds, prices.lambdaGbSeconds) + (rollups + sweeps) * prices.lambdaRequest,
    how: `${count(rollups)} rollups and ${count(sweeps)} sweeps`,
  };
};

const dynamoDb = (traffic: Traffic): BillLine => {
  const writes = sumOf(writeUnits(traffic));
  const reads = sumOf(readUnits(traffic));
  return {
    service: "DynamoDB, requests",
    usd: traffic.requests * (writes * prices.dynamoDbWriteUnit + reads * prices.dynamoDbReadUnit),
    how: `${count(writes)} write and ${count(reads)} read units a request`,
  };
};

const storage = ({ requests }: Traffic): BillLine => {
  const gb = keptBytes.reduce((sum, { bytes, days }) => sum + (requests * bytes * (days / monthDays)) / gigabyte, 0);
  return {
    service: "DynamoDB, storage",
    usd: gb * (prices.dynamoDbStorageGbMonth + prices.dynamoDbRecoveryGbMonth),
    how: `${count(gb)} GB after 400 days, with point-in-time recovery`,
  };
};

const kms = ({ requests, kmsCalls }: Traffic): BillLine => ({
  service: "KMS",
  usd: prices.kmsKeyMonth + requests * kmsCalls * prices.kmsRequest,
  how: `${count(kmsCalls)} calls a request, one key`,
});

const logs = ({ requests }: Traffic): BillLine => {
  const bytes = Object.values(logBytes).reduce((sum, each) => sum + each, 0);
  return {
    service: "CloudWatch, logs",
    usd: tiered((requests * bytes) / gigabyte, prices.logsGb),
    how: `${count(bytes)} bytes a request`,
  };
};

/** Metrics that a generating route writes for each set of its dimensions, and the whole stage. */
const metricsOfCombination = 12;
const metricsOfStage = 18;

const metrics = ({ combinations }: Traffic): BillLine => {
  const written = combinations * metricsOfCombination + metricsOfStage;
  return {
    service: "CloudWatch, metrics",
    usd: tiered(written, prices.customMetricMonth),
    how: `${count(written)} metrics: ${metricsOfCombination} for each of ${combinations} routes, models and providers in use`,
  };
};

const alarmMetrics = (series: (typeof alarms)[number]["series"]): number =>
  series.kind === "aws-sum" ? series.parts.length : series.kind === "share" ? 2 : 1;

/** Paid by what is defined, not by what happens. */
export const operators = (): BillLine => {
  const watched = alarms.reduce(
    (sum, { series, comparison }) => sum + (comparison === "above-expected" ? 3 : alarmMetrics(series)),
    0,
  );
  return {
    service: "CloudWatch, dashboards and alarms",
    usd:
      dashboards.length * prices.dashboardMonth +
      watched * prices.alarmMetricMonth +
      composites.length * prices.compositeAlarmMonth,
    how: `${dashboards.length} dashboards, ${alarms.length} alarms over ${watched} metrics, ${composites.length} composites`,
  };
};

/** X-Ray's default rule: the first request of each second, and 5 % of the others. */
const traces = ({ requests }: Traffic): BillLine => {
  const traced = Math.min(requests, monthSeconds) + 0.05 * Math.max(0, requests - monthSeconds);
  return { service: "X-Ray", usd: traced * prices.trace, how: `${count(traced)} traces at most` };
};

const firewall = ({ requests }: Traffic): BillLine => ({
  service: "WAF",
  usd: firewallMonthUsd + requests * prices.firewallRequest,
  how: `${firewallRules} rules`,
});

const transfer = (traffic: Traffic): BillLine => {
  const gb = (traffic.requests * sentBytes(traffic)) / gigabyte;
  return {
    service: "Data transfer",
    usd: tiered(gb, prices.internetGb),
    how: `${count(gb)} GB: answers to callers and prompts to providers`,
  };
};

/** Unkey's plan for so many verifications, or undefined above the largest. */
export const unkeyPlan = (verifications: number): number | undefined =>
  prices.unkeyPlans.find(({ upTo }) => verifications <= upTo)?.price;

const unkey = ({ requests }: Traffic): BillLine => {
  const plan = unkeyPlan(requests);
  const largest = prices.unkeyPlans[prices.unkeyPlans.length - 1] ?? { upTo: 1, price: 0 };
  return {
    service: "Unkey",
    usd: plan ?? (requests / largest.upTo) * largest.price,
    how:
      plan === undefined
        ? "by agreement: here, the rate of the largest plan"
        : `the plan for ${count(requests)} verifications a month`,
  };
};

/** The month's bill, most expensive first. */
export const billOf = (traffic: Traffic): readonly BillLine[] =>
  [apiGateway, lambda, background, dynamoDb, storage, kms, logs, metrics, operators, traces, firewall, transfer, unkey]
    .map((line) => line(traffic))
    .sort((left, right) => right.usd - left.usd);

export const totalOf = (bill: readonly BillLine[]): number => bill.reduce((sum, { usd }) => sum + usd, 0);

/** Requests that run at once: on average, and at the busiest moment. */
export const concurrencyOf = ({
  requests,
  seconds,
  peak,
}: Traffic): { readonly mean: number; readonly peak: number } => {
  const mean = (requests / monthSeconds) * (seconds + ownSeconds);
  return { mean, peak: mean * peak };
};

export interface ContainerOptions {
  /** Open streams that a task of 2 vCPU and 4 GB serves. An assumption: nobody measured a container here. */
  readonly streamsPerTask: number;
  readonly minTasks: number;
}

export interface Comparison {
  /** What containers would replace: API Gateway and Lambda. Everything else stays. */
  readonly serverlessUsd: number;
  readonly containerUsd: number;
  readonly tasks: number;
  readonly how: string;
}

const taskVcpus = 2;
const taskGb = 4;
const monthHours = 730;
const natGateways = 2;
/** A unit of the balancer is 1 GB an hour or 3,000 open connections a minute, whichever is more. */
const balancerUnitConnections = 3_000;

/** The same traffic on Fargate: as many tasks as the busiest moment needs, a balancer, and a way out in two zones. */
export const compare = (traffic: Traffic, { streamsPerTask, minTasks }: ContainerOptions): Comparison => {
  const tasks = Math.max(minTasks, Math.ceil(concurrencyOf(traffic).peak / streamsPerTask));
  const compute = tasks * (taskVcpus * prices.fargateVcpuHour + taskGb * prices.fargateGbHour) * monthHours;
  const gb = (traffic.requests * sentBytes(traffic)) / gigabyte;
  const units = Math.max(gb / monthHours, concurrencyOf(traffic).mean / balancerUnitConnections);
  const balancer = (prices.balancerHour + units * prices.balancerUnitHour) * monthHours;
  // Providers' answers come in through it as well, about as large as they leave.
  const nat = natGateways * prices.natHour * monthHours + gb * prices.natGb;
  return {
    serverlessUsd: apiGateway(traffic).usd + lambda(traffic).usd,
    containerUsd: compute + balancer + nat,
    tasks,
    how: `${tasks} tasks ${usdText(compute)}, balancer ${usdText(balancer)}, NAT in ${natGateways} zones ${usdText(nat)}`,
  };
};

export const usdText = (usd: number): string =>
  `$${new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(usd)}`;

/** Requests a month from which containers are cheaper, or undefined when they never are up to 10 billion. */
export const breakEven = (traffic: Traffic, options: ContainerOptions): number | undefined => {
  const containersWin = (requests: number): boolean => {
    const { serverlessUsd, containerUsd } = compare({ ...traffic, requests }, options);
    return containerUsd < serverlessUsd;
  };
  let most = 1e10;
  if (!containersWin(most)) return undefined;
  let least = 0;
  while (most - least > 1_000) {
    const middle = (least + most) / 2;
    if (containersWin(middle)) most = middle;
    else least = middle;
  }
  return Math.round(most);
};
