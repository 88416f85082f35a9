import { machineLoad } from "./machine-load.ts";
import { replaceSection, short, table } from "./markdown.ts";
import { median } from "./statistics.ts";

/**
 * `npm run bench -- growth`: CPU per unit of everything that can be large, in this process; the stand-ins run in others. A sweep is
 * linear where a unit costs about as much up to the last step as up to the middle one; anything steeper fails. `--quick` makes few rounds
 * and small sets; it and `--only=` write nothing.
 */

const quick = process.argv.includes("--quick");
const isPart = process.argv.some((argument) => argument.startsWith("--only="));
const rounds = quick ? 7 : 25;
/** Middle steps are half of the last or less: what costs the square of its size is twice as steep up to the last, or more. */
const maxSteepening = 1.6;
/** What a sweep has to grow by before it is called growth, ms. */
const noiseMs = 1;

export interface Sweep {
  readonly name: string;
  readonly unit: string;
  readonly steps: readonly number[];
  /** Resolves to work whose CPU is measured. Called once a step, in order. */
  readonly prepare: (units: number) => Promise<() => Promise<unknown>>;
  /** Where growth is meant: what the slope follows. */
  readonly documented?: string;
  /** Fewer where one takes long. */
  readonly rounds?: number;
}

interface Step {
  readonly units: number;
  readonly cpuMs: number;
}

const cpuMsOf = async (work: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
};

const measureSweep = async ({ steps, prepare, rounds: own = rounds }: Sweep): Promise<readonly Step[]> => {
  const plans: { readonly units: number; readonly work: () => Promise<unknown>; readonly samples: number[] }[] = [];
  for (const units of steps) plans.push({ units, work: await prepare(units), samples: [] });
  for (let round = -5; round < Math.min(own, rounds); round++) {
    // In turn, so that a busy moment of the machine meets all steps.
    for (const { work, samples } of plans) {
      const cpuMs = await cpuMsOf(work);
      if (round >= 0) samples.push(cpuMs);
    }
  }
  return plans.map(({ units, samples }) => ({ units, cpuMs: median(samples) }));
};

/** CPU of one more unit, µs: between the first step and another. */
const slopeTo = (steps: readonly Step[], index: number): number => {
  const [first, other] = [steps[0], steps[index]];
  if (first === undefined || other === undefined) return Number.NaN;
  return ((other.cpuMs - first.cpuMs) / (other.units - first.units)) * 1_000;
};

/** How many times dearer a unit is up to the last step than up to the middle one. Undefined for a flat sweep. */
const steepening = (steps: readonly Step[]): number | undefined => {
  const last = steps.length - 1;
  const grownMs = (steps[last]?.cpuMs ?? Number.NaN) - (steps[0]?.cpuMs ?? Number.NaN);
  return grownMs < noiseMs ? undefined : slopeTo(steps, last) / slopeTo(steps, Math.floor(steps.length / 2));
};

const verdictOf = (sweep: Sweep, times: number | undefined): string => {
  if (times === undefined) return "flat";
  if (sweep.documented !== undefined) return `${sweep.documented}, ${short(times, 2)} times`;
  return times <= maxSteepening ? `linear, ${short(times, 2)} times` : `NOT linear, ${short(times, 2)} times`;
};

/** Measures sweeps one after the other, and writes their table. */
export const reportGrowth = async (sweeps: readonly Sweep[], say: (line: string) => void): Promise<boolean> => {
  const rows: string[][] = [];
  let isLinear = true;
  for (const sweep of sweeps) {
    const steps = await measureSweep(sweep);
    const times = steepening(steps);
    const row = [
      sweep.name,
      steps.map(({ units }) => units.toLocaleString("en")).join(" · "),
      steps.map(({ cpuMs }) => short(cpuMs, cpuMs < 100 ? 2 : 0)).join(" · "),
      times === undefined ? "0" : `${short(slopeTo(steps, steps.length - 1), 1)} a ${sweep.unit}`,
      verdictOf(sweep, times),
    ];
    if (sweep.documented === undefined && times !== undefined && times > maxSteepening) isLinear = false;
    rows.push(row);
    say(row.join(" | "));
  }
  const text = [
    `Measured ${new Date().toISOString().slice(0, 16).replace("T", " ")} UTC with Node ${process.version}: medians of ${rounds} rounds, the steps of a sweep in turn; ${machineLoad()}.`,
    table(["What grows", "Units", "CPU, ms", "Slope, µs", "Cost of a unit, last step to middle"], rows),
  ].join("\n\n");
  if (!quick && !isPart) await replaceSection("growth", text);
  return isLinear;
};

export const isQuick = quick;
