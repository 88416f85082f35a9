import type { JobRow } from "#core/db/jobs.ts";
import type { AskProvider } from "#core/providers/media/job-adapter.ts";

/** How each provider is asked about a job. Adapters load on first use, so that a function reads only those that it calls. */
const adapters: Readonly<Record<string, () => Promise<AskProvider>>> = {
  minimax: async () => (await import("#core/providers/media/minimax/video-job.ts")).askMinimaxVideo,
  fashn: async () => (await import("#core/providers/media/fashn/status.ts")).askFashn,
  fal: async () => (await import("#core/providers/media/fal/video-job.ts")).askFalVideo,
  google: async () => (await import("#core/providers/media/google/video-job.ts")).askGoogleVideo,
};

/** Loads the adapter that asks about a job. Throws for a provider without jobs: a programming error. */
export const loadAdapter = async ({ provider }: Pick<JobRow, "provider">): Promise<AskProvider> => {
  const load = adapters[provider];
  if (load === undefined) throw new Error(`${provider} has no jobs`);
  return load();
};
