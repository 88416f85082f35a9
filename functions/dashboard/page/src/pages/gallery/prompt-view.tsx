import { useSignal } from "@preact/signals";
import type { Job } from "../../api/jobs.ts";
import { readRequest } from "../../api/requests.ts";
import { Button } from "../../ui/button.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { promptText } from "../../ui/recorded.tsx";
import { useAction } from "../../ui/use-action.ts";

const isKept = ({ contentExpiresAt }: Job): boolean =>
  typeof contentExpiresAt === "string" && Date.parse(contentExpiresAt) > Date.now();

/** The prompt of a job whose key records prompts. It is read when it is asked for. */
export const PromptView = ({ job }: { job: Job }) => {
  const prompt = useSignal<string | undefined>(undefined);
  const read = useAction(async () => {
    const { content } = await readRequest(job.requestId ?? "");
    prompt.value = content === undefined || content === null ? "It is not there any more." : promptText(content);
  });
  if (!isKept(job)) return null;
  if (prompt.value !== undefined) return <p class="wrap job-prompt">{prompt.value}</p>;
  return (
    <>
      <ErrorNotice error={read.error.value} />
      <Button small kind="quiet" pending={read.pending.value} onClick={() => void read.run()}>
        Show prompt
      </Button>
    </>
  );
};
