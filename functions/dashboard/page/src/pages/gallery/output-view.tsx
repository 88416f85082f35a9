import { useSignal } from "@preact/signals";
import type { Job, JobOutput } from "../../api/jobs.ts";
import { root } from "../../root.ts";
import { Dialog } from "../../ui/dialog.tsx";
import { Icon } from "../../ui/icons.tsx";
import { mediumOf, needsKey } from "./job-words.ts";

interface OutputProps {
  readonly job: Job;
  readonly output: JobOutput;
  /** Which of how many, such as `2 of 4`; empty for the only one. */
  readonly position: string;
}

/** Where an output is had: at its provider, or through us by the user's session. */
const addressOf = (job: Job, { url }: JobOutput): string =>
  needsKey(job) ? `${root}api/v1/jobs/${encodeURIComponent(job.id)}/content` : url;

interface ImageProps {
  readonly url: string;
  readonly name: string;
  readonly onError: () => void;
}

/** An image that opens large over the page. Saving is the browser's: a link cannot save another origin's file. */
const ImageView = ({ url, name, onError }: ImageProps) => {
  const large = useSignal(false);
  const image = { src: url, referrerpolicy: "no-referrer" as const, onError };
  return (
    <>
      <button
        type="button"
        class="output-frame"
        onClick={() => {
          large.value = true;
        }}
      >
        <img {...image} alt={`Enlarge the ${name}`} loading="lazy" />
      </button>
      {large.value ? (
        <Dialog
          title={name}
          shape="large"
          onClose={() => {
            large.value = false;
          }}
        >
          <img {...image} class="lightbox" alt={name} />
          <a class="button secondary" href={url} download target="_blank" rel="noreferrer noopener">
            <Icon name="download" />
            Download the {name}
          </a>
        </Dialog>
      ) : null}
    </>
  );
};

/**
 * One thing that was made: shown or played where it lies, at its provider.
 * Length: markup, one branch for each kind of output.
 */
export const OutputView = ({ job, output, position }: OutputProps) => {
  const broken = useSignal(false);
  const medium = mediumOf(job, output);
  const url = addressOf(job, output);
  const fail = (): void => {
    broken.value = true;
  };
  if (medium === undefined) return <p class="output-note">The output has no URL.</p>;
  const name = [`${medium === "file" ? "output" : medium} by ${job.model}`, position].filter((part) => part !== "");
  const link = (
    <a class="output-link" href={url} target="_blank" rel="noreferrer noopener">
      Open the {name.join(", ")}
    </a>
  );
  if (broken.value) {
    return (
      <div class="output-note">
        <p>Preview unavailable. The browser may not support this type, or the provider has deleted the file.</p>
        {link}
      </div>
    );
  }
  if (medium === "image") return <ImageView url={url} name={name.join(", ")} onError={fail} />;
  if (medium === "video") {
    const player = (
      // biome-ignore lint/a11y/useMediaCaption: what a model made has no captions.
      <video
        class="output-frame"
        src={url}
        controls
        // What passes through us is fetched when it is to be played, not by everybody who looks at the page.
        preload={needsKey(job) ? "none" : "metadata"}
        playsInline
        aria-label={name.join(", ")}
        onError={fail}
      />
    );
    return (
      <div class="output-held">
        {player}
        <a
          class="output-link"
          href={url}
          download={`${job.id}.mp4`}
          // Another origin's file opens there: a browser does not save it from here.
          {...(needsKey(job) ? {} : { target: "_blank", rel: "noreferrer noopener" })}
          aria-label={`Download the ${name.join(", ")}`}
        >
          Download
        </a>
      </div>
    );
  }
  if (medium === "audio") {
    return (
      <div class="output-audio">
        {/* biome-ignore lint/a11y/useMediaCaption: what a model made has no captions. */}
        <audio src={url} controls preload="none" aria-label={name.join(", ")} onError={fail} />
        <a
          class="output-link"
          href={url}
          download
          target="_blank"
          rel="noreferrer noopener"
          aria-label={`Download the ${name.join(", ")}`}
        >
          Download
        </a>
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
