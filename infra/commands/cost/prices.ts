/**
 * List prices in us-east-1, US dollars, without free tiers, discounts and taxes. Check a price on its source page before you
 * rely on it.
 */

/** When the table was last reviewed. The live pages could not be opened then: see docs/operations/cost.md. */
export const pricesDate = "2026-11-22";
export const pricesRegion = "us-east-1";

/** A price that falls with the amount: up to so many units each costs so much. */
export interface Tier {
  readonly upTo: number;
  readonly price: number;
}

const rest = Number.POSITIVE_INFINITY;

export const prices = {
  /** Source: https://aws.amazon.com/api-gateway/pricing/. A streamed answer counts once for every 10 MB of it. */
  apiGatewayRequests: [
    { upTo: 333e6, price: 3.5e-6 },
    { upTo: 1_000e6, price: 2.8e-6 },
    { upTo: 20_000e6, price: 2.38e-6 },
    { upTo: rest, price: 1.51e-6 },
  ],
  apiGatewayBytesOfRequest: 10e6,
  /** Source: https://aws.amazon.com/lambda/pricing/, Arm. */
  lambdaGbSeconds: [
    { upTo: 7.5e9, price: 0.0000133334 },
    { upTo: 18.75e9, price: 0.0000120001 },
    { upTo: rest, price: 0.0000106667 },
  ],
  lambdaRequest: 0.2e-6,
  /** What a streamed answer has beyond its first 6 MB. */
  lambdaStreamedGb: 0.008,
  lambdaStreamedFreeBytes: 6e6,
  /** Source: https://aws.amazon.com/dynamodb/pricing/on-demand/. */
  dynamoDbWriteUnit: 0.625e-6,
  dynamoDbReadUnit: 0.125e-6,
  dynamoDbStorageGbMonth: 0.25,
  dynamoDbRecoveryGbMonth: 0.2,
  /** Source: https://aws.amazon.com/kms/pricing/. */
  kmsKeyMonth: 1,
  kmsRequest: 0.03 / 10_000,
  /** Source: https://aws.amazon.com/cloudwatch/pricing/. */
  logsGb: [
    { upTo: 10e3, price: 0.5 },
    { upTo: 30e3, price: 0.25 },
    { upTo: 50e3, price: 0.1 },
    { upTo: rest, price: 0.05 },
  ],
  customMetricMonth: [
    { upTo: 10e3, price: 0.3 },
    { upTo: 250e3, price: 0.1 },
    { upTo: 1e6, price: 0.05 },
    { upTo: rest, price: 0.02 },
  ],
  dashboardMonth: 3,
  /** For each metric that it looks at; anomaly detection looks at three. */
  alarmMetricMonth: 0.1,
  compositeAlarmMonth: 0.5,
  /** Source: https://aws.amazon.com/xray/pricing/. */
  trace: 5e-6,
  /** Source: https://aws.amazon.com/waf/pricing/. */
  firewallMonth: 5,
  firewallRuleMonth: 1,
  firewallRequest: 0.6e-6,
  /** Source: https://aws.amazon.com/ec2/pricing/on-demand/, data transfer out to the internet. */
  internetGb: [
    { upTo: 10e3, price: 0.09 },
    { upTo: 50e3, price: 0.085 },
    { upTo: 150e3, price: 0.07 },
    { upTo: rest, price: 0.05 },
  ],
  /** Source: https://aws.amazon.com/fargate/pricing/, Linux on Arm. */
  fargateVcpuHour: 0.03238,
  fargateGbHour: 0.00356,
  /** Source: https://aws.amazon.com/elasticloadbalancing/pricing/. */
  balancerHour: 0.0225,
  balancerUnitHour: 0.008,
  /** Source: https://aws.amazon.com/vpc/pricing/. */
  natHour: 0.045,
  natGb: 0.045,
  /**
   * Plans by valid verifications a month, dollars. Source: the pricing page of https://unkey.com, in a stored copy of its
   * source (unkeyed/unkey). More than the last is by agreement.
   */
  unkeyPlans: [
    { upTo: 150e3, price: 0 },
    { upTo: 250e3, price: 25 },
    { upTo: 500e3, price: 50 },
    { upTo: 1e6, price: 75 },
    { upTo: 2e6, price: 100 },
    { upTo: 10e6, price: 250 },
    { upTo: 50e6, price: 500 },
    { upTo: 100e6, price: 1_000 },
  ],
} as const;

/** Rules of infra/firewall.ts. */
export const firewallRules = 4;
export const firewallMonthUsd = prices.firewallMonth + firewallRules * prices.firewallRuleMonth;
