import { useEffect, useRef } from "preact/hooks";
import { listJobs } from "../../api/jobs.ts";
import { listKeys } from "../../api/keys.ts";
import { route } from "../../router.ts";
import { Button } from "../../ui/button.tsx";
import { Link } from "../../ui/link.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Skeleton } from "../../ui/placeholder.tsx";
import { usePolling } from "../../ui/use-polling.ts";
import { useResource } from "../../ui/use-resource.ts";
import { JobCard } from "./job-card.tsx";
import { isRunning } from "./job-words.ts";

const pageLength = 24;
const refreshMs = 5_000;

interface PagesProps {
  readonly before: string;
  /** The last job shown, when there are older ones. */
  readonly last: string | undefined;
}

/** The way to older jobs and back to the newest; the browser's own Back leads one page back. */
const Pages = ({ before, last }: PagesProps) =>
  before === "" && last === undefined ? null : (
    <nav class="pages" aria-label="Pages">
      {before === "" ? <span /> : <Link to="gallery">Newest</Link>}
      {last === undefined ? null : (
        <Link to="gallery" query={new URLSearchParams({ before: last })}>
          Older
        </Link>
      )}
    </nav>
  );

/** Another page of the same list begins at its top, for the eye and for a screen reader. */
const useTopOnChange = (before: string): void => {
  const shown = useRef(before);
  useEffect(() => {
    if (shown.current === before) return;
    shown.current = before;
    scrollTo(0, 0);
    document.querySelector("h1")?.focus({ preventScroll: true });
  }, [before]);
};

/** What the user's keys have made: jobs, and whatever lies at its provider under a URL. */
export const GalleryPage = () => {
  const before = route.value.query.get("before") ?? "";
  // One more than is shown: it reveals whether there are older ones.
  const { data, error, loading, reload } = useResource((signal) => listJobs(pageLength + 1, before, signal), before);
  const keys = useResource(listKeys);
  const names = new Map((keys.data.value ?? []).map(({ keyId, name }) => [keyId, name]));
  const found = data.value;
  const jobs = found?.slice(0, pageLength);
  const running = jobs?.filter(isRunning).length ?? 0;
  useTopOnChange(before);
  usePolling(running > 0, refreshMs, reload);
  return (
    <>
      <PageHeader
        title="Gallery"
        actions={
          found === undefined ? undefined : (
            <Button icon="rotate" pending={loading.value} onClick={reload}>
              Refresh
            </Button>
          )
        }
      >
        Videos, fashion, images and audio created with your keys in the last seven days. Providers keep them only for a
        limited time, so save what you need.
      </PageHeader>
      <ErrorNotice error={error.value} onRetry={reload} />
      {jobs === undefined ? (
        error.value === undefined ? (
          <Skeleton rows={3} label="Loading your gallery" />
        ) : null
      ) : (
        <>
          <p class="hint" role="status">
            {running === 0
              ? ""
              : `${running === 1 ? "One job is" : `${running} jobs are`} running. Status updates about once a minute, and this page refreshes automatically.`}
          </p>
          {jobs.length === 0 ? (
            <Empty title={before === "" ? "No media yet" : "Nothing older"}>
              Jobs appear here when a key calls an image, video, fashion or media endpoint. What is returned as base64
              is listed without its file.
            </Empty>
          ) : (
            <ul class="gallery" aria-label="Your jobs">
              {jobs.map((job) => (
                <JobCard
                  key={job.id}
                  job={job}
                  keyName={job.keyId === null ? "not recorded" : (names.get(job.keyId) ?? job.keyId)}
                />
              ))}
            </ul>
          )}
          <Pages before={before} last={(found?.length ?? 0) > pageLength ? jobs.at(-1)?.id : undefined} />
        </>
      )}
    </>
  );
};
