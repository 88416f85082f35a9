import type { ComponentChildren } from "preact";
import { ApiError } from "../api/request.ts";
import { Button } from "./button.tsx";
import { Icon } from "./icons.tsx";
import { Link } from "./link.tsx";

interface NoticeProps {
  readonly kind: "info" | "warning" | "error" | "success";
  readonly children: ComponentChildren;
  /** Read out as soon as it appears. */
  readonly live?: boolean;
}

const icons = { info: "info", warning: "warning", error: "warning", success: "check" } as const;

export const Notice = ({ kind, children, live = false }: NoticeProps) => (
  <div class={`notice ${kind}`} role={live ? (kind === "error" ? "alert" : "status") : undefined}>
    <Icon name={icons[kind]} />
    <div class="notice-body">{children}</div>
  </div>
);

interface ErrorNoticeProps {
  readonly error: Error | undefined;
  readonly onRetry?: () => void;
  /** The request log has the request: its id leads there. */
  readonly logged?: boolean;
}

/** What went wrong in the API's own words, with the request id that finds it in the logs. */
export const ErrorNotice = ({ error, onRetry, logged = false }: ErrorNoticeProps) => {
  if (error === undefined) return null;
  const { issues, requestId } = error instanceof ApiError ? error : { issues: [], requestId: undefined };
  return (
    <Notice kind="error" live>
      <p>{error.message}</p>
      {issues.length === 0 ? null : (
        <ul>
          {issues.map((issue) => (
            <li key={issue}>{issue}</li>
          ))}
        </ul>
      )}
      {requestId === undefined ? null : (
        <p class="request-id">
          Request id{" "}
          {logged ? (
            <Link to="requests" query={new URLSearchParams({ id: requestId })}>
              <code>{requestId}</code>
            </Link>
          ) : (
            <code>{requestId}</code>
          )}
        </p>
      )}
      {onRetry === undefined ? null : (
        <Button small onClick={onRetry}>
          Try again
        </Button>
      )}
    </Notice>
  );
};
