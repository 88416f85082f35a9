import type { JobRow } from "#core/db/jobs.ts";
import type { AskProvider } from "./job-state.ts";

/** How each provider is asked about a job. Loaded with the first one, so that a function carries only what it calls. */
const askers: Readonly<Record<string, () => Promise<AskProvider>>> = {
  minimax: async () => (await import("#core/media/clip-job.ts")).askClip,
  fashn: async () => (await import("#core/fashion/fashn.ts")).askFashn,
  fal: async () => (await import("#core/videos/fal-video.ts")).askFalVideo,
  google: async () => (await import("#core/videos/google-video.ts")).askGoogleVideo,
};

/** The way to ask about a job of a provider. Throws for one that has no jobs: a programmer's error. */
export const askerOf = async ({ provider }: Pick<JobRow, "provider">): Promise<AskProvider> => {
  const load = askers[provider];
  if (load === undefined) throw new Error(`${provider} has no jobs`);
  return load();
};
