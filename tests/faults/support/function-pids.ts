import { readdir, readFile } from "node:fs/promises";

/** The processes under a cloud that run a function, or any function. Linux only. */
export const functionPids = async (cloudPid: number, routeId?: string): Promise<number[]> => {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids) {
    // A process may end while we look.
    const [status, environment] = await Promise.all([
      readFile(`/proc/${pid}/status`, "utf8").catch(() => ""),
      readFile(`/proc/${pid}/environ`, "utf8").catch(() => ""),
    ]);
    if (
      status.includes(`PPid:\t${cloudPid}\n`) &&
      environment.includes(routeId === undefined ? "ROUTE_ID=" : `ROUTE_ID=${routeId}\0`)
    )
      found.push(pid);
  }
  return found;
};
