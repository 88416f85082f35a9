import type { Job, JobOutput } from "../../api/jobs.ts";

/** What the gallery says of a job. */

const kindNames: Readonly<Record<Job["kind"], string>> = {
  clip: "Video",
  video: "Video",
  fashion: "Fashion",
  image: "Image",
  speech: "Speech",
  music: "Music",
};

export const kindName = ({ kind }: Job): string => kindNames[kind] ?? kind;

export const isRunning = ({ status }: Job): boolean => status === "queued" || status === "processing";

/** Completed, and the provider has deleted what was made. */
export const isExpired = ({ status, error }: Job): boolean => status === "completed" && error !== null;

export interface JobState {
  /** Of the badge. */
  readonly name: "active" | "running" | "ended" | "off";
  readonly text: string;
}

export const stateOf = (job: Job): JobState => {
  if (isExpired(job)) return { name: "off", text: "Expired" };
  if (job.status === "queued") return { name: "running", text: "Queued" };
  if (job.status === "processing") return { name: "running", text: "Running" };
  return job.status === "failed" ? { name: "ended", text: "Failed" } : { name: "active", text: "Done" };
};

/** Until when all of it can be had, as ISO 8601; undefined where no end is stated. */
export const firstExpiry = ({ output }: Job): string | undefined =>
  (output ?? []).flatMap(({ expiresAt }) => (expiresAt === null ? [] : [expiresAt])).sort()[0];

export type Medium = "image" | "audio" | "video" | "file";

const media: Readonly<Record<Job["kind"], Medium>> = {
  clip: "video",
  video: "video",
  fashion: "image",
  image: "image",
  speech: "audio",
  music: "audio",
};

/** Whether the output passes through us: Google gives a video to nobody without the key that made it. */
export const needsKey = ({ kind, provider }: Job): boolean => provider === "google" && kind === "video";

/** How an output is shown: by its type, else by what such a job makes. Only web addresses are shown or linked at all. */
export const mediumOf = ({ kind }: Job, { url, contentType }: JobOutput): Medium | undefined => {
  if (!/^https?:\/\//i.test(url)) return undefined;
  const type = contentType?.split("/")[0];
  if (type === "image" || type === "audio" || type === "video") return type;
  return contentType === null ? (media[kind] ?? "file") : "file";
};
