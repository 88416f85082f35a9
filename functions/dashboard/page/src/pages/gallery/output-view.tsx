import { useSignal } from "@preact/signals";
import type { Job, JobOutput } from "../../api/jobs.ts";
import { root } from "../../root.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Icon } from "../../ui/icons.tsx";
import { mediumOf } from "./job-words.ts";

interface OutputProps {
  readonly job: Job;
  readonly output: JobOutput;
  /** Which of how many, such as `2 of 4`; empty for the only one. */
  readonly place: string;
}

const Locked = ({ job }: { job: Job }) => {
  const url = `${location.origin}${root}api/v1/video/status?id=${encodeURIComponent(job.id)}&content=true`;
  return (
    <div class="output-note">
      <p>Google gives this video only through the API, with your key.</p>
      <CopyButton text={`curl -H "Authorization: Bearer $API_KEY" -o video.mp4 "${url}"`} small>
        Copy curl command
      </CopyButton>
    </div>
  );
};

/** One thing that was made: shown or played where it lies, at its provider. */
export const OutputView = ({ job, output, place }: OutputProps) => {
  const broken = useSignal(false);
  const medium = mediumOf(job, output);
  const { url } = output;
  const fail = (): void => {
    broken.value = true;
  };
  if (medium === undefined) return <p class="output-note">The output has no web address.</p>;
  if (medium === "locked") return <Locked job={job} />;
  const name = [`${medium === "file" ? "output" : medium} by ${job.model}`, place].filter((part) => part !== "");
  const link = (
    <a class="output-link" href={url} target="_blank" rel="noreferrer noopener">
      Open the {name.join(", ")}
    </a>
  );
  if (broken.value) {
    return (
      <div class="output-note">
        <p>It could not be shown here: its type may be unknown to the browser, or its provider has deleted it.</p>
        {link}
      </div>
    );
  }
  if (medium === "image") {
    return (
      <a class="output-frame" href={url} target="_blank" rel="noreferrer noopener">
        <img src={url} alt={`Open the ${name.join(", ")}`} loading="lazy" referrerpolicy="no-referrer" onError={fail} />
      </a>
    );
  }
  if (medium === "video") {
    return (
      // biome-ignore lint/a11y/useMediaCaption: what a model made has no captions.
      <video
        class="output-frame"
        src={url}
        controls
        preload="metadata"
        playsInline
        aria-label={name.join(", ")}
        onError={fail}
      />
    );
  }
  if (medium === "audio") {
    return (
      <div class="output-audio">
        {/* biome-ignore lint/a11y/useMediaCaption: what a model made has no captions. */}
        <audio src={url} controls preload="none" aria-label={name.join(", ")} onError={fail} />
      </div>
    );
  }
  return (
    <div class="output-note">
      <Icon name="download" />
      {link}
    </div>
  );
};
