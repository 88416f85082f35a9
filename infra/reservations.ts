import { concurrencyOf } from "./deploy-environment.ts";
import { reservationFault, reservedTotal, type StageSettings } from "./stage.ts";

/** Lambda's "Concurrent executions" in Service Quotas. */
const concurrencyQuota = { serviceCode: "lambda", quotaCode: "L-B99A9384" };

interface Reservations {
  readonly reserves: $util.Output<boolean>;
  /** What `sst deploy` prints at its end when the account has too little. */
  readonly warning?: $util.Output<string | undefined>;
}

/** Whether the stage's reservations fit into the account, by the account's own quota. */
export const reservations = ({ reservedConcurrency }: StageSettings): Reservations => {
  const { limit, reserve } = concurrencyOf(process.env);
  if (!reserve || reservedTotal(reservedConcurrency) === 0) return { reserves: $output(false) };
  const quota = limit === undefined ? aws.servicequotas.getServiceQuotaOutput(concurrencyQuota).value : $output(limit);
  const fault = quota.apply((executions) => reservationFault(reservedConcurrency, executions));
  return { reserves: fault.apply((found) => found === undefined), warning: fault };
};
