import { availableParallelism, loadavg } from "node:os";

/** How busy the machine is while something is measured, in words for a report. */
export const machineLoad = (): string => {
  const [lastMinute = 0] = loadavg();
  return `load average of the last minute ${lastMinute.toFixed(1)} on ${availableParallelism()} cores`;
};
