import { useSignal } from "@preact/signals";
import { listKeys } from "../../api/keys.ts";
import { type Feedback, giveFeedback, type LoggedRequest, readRequest } from "../../api/requests.ts";
import { formatCost, formatCount, formatDateTime, formatMs } from "../../format.ts";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Dialog } from "../../ui/dialog.tsx";
import { TextField } from "../../ui/fields.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { Skeleton } from "../../ui/placeholder.tsx";
import { Recorded } from "../../ui/recorded.tsx";
import { Table } from "../../ui/table.tsx";
import { useAction } from "../../ui/use-action.ts";
import { useResource } from "../../ui/use-resource.ts";
import { StatusBadge } from "./status-badge.tsx";

const costWords = { provider: "as the provider states it", list: "by list prices", estimate: "estimated" } as const;

const costOf = ({ costUsd, costSource }: LoggedRequest): string =>
  `${formatCost(costUsd)}${costSource === null ? "" : `, ${costWords[costSource]}`}`;

const tokensOf = ({ tokens, units, unit }: LoggedRequest): string => {
  const { input, cachedInput, cacheWriteInput, output, reasoning, estimated } = tokens;
  if (unit !== null && units !== null) return `${formatCount(units)} ${unit}`;
  const parts = [
    `${formatCount(input)} in`,
    ...(cachedInput === 0 ? [] : [`${formatCount(cachedInput)} of them cached`]),
    ...(cacheWriteInput === 0 ? [] : [`${formatCount(cacheWriteInput)} of them written to the cache`]),
    `${formatCount(output)} out`,
    ...(reasoning === 0 ? [] : [`${formatCount(reasoning)} of them reasoning`]),
    ...(estimated ? ["estimated"] : []),
  ];
  return parts.join(", ");
};

const tagsOf = ({ tags }: LoggedRequest): string =>
  Object.entries(tags)
    .map(([name, value]) => `${name}=${value}`)
    .join(", ");

/** What is known of a generation, by name; what is not there is left out. */
const factsOf = (request: LoggedRequest, keyName: string | null): readonly (readonly [string, string])[] =>
  [
    ["Model", request.fallback ? `${request.model}, a fallback` : request.model],
    ["Asked for", request.askedModel === request.model ? null : request.askedModel],
    ["Provider", request.byok ? `${request.provider}, on your key` : request.provider],
    ["Key", keyName],
    ["Endpoint", request.route],
    ["Dialect", request.dialect],
    ["HTTP status", request.httpStatus === null ? null : String(request.httpStatus)],
    ["Streamed", request.streamed ? "yes" : "no"],
    ["Tokens", tokensOf(request)],
    ["Cost", costOf(request)],
    ["Time", formatMs(request.latencyMs)],
    ["First token after", request.timeToFirstTokenMs === null ? null : formatMs(request.timeToFirstTokenMs)],
    ["Gateway's part", request.gatewayOverheadMs === null ? null : formatMs(request.gatewayOverheadMs)],
    ["Ended with", request.finishReason],
    ["Error", request.code],
    ["Cache", request.cache],
    ["Tags", tagsOf(request)],
    ["Session", request.session],
    ["Agent", request.agent],
    ["Run", request.runId],
    ["Warnings", request.warnings.join(", ")],
    ["Guardrails found", request.findings.join(", ")],
  ].filter((fact): fact is [string, string] => fact[1] !== null && fact[1] !== "");

const Facts = ({ request, keyName }: { request: LoggedRequest; keyName: string | null }) => (
  <dl class="facts request-facts">
    {factsOf(request, keyName).map(([name, value]) => (
      <div key={name}>
        <dt>{name}</dt>
        <dd>{value}</dd>
      </div>
    ))}
  </dl>
);

/** What each attempt shows; the last column only where an unused answer may have cost something. */
const attemptColumns = ["Target", "Result", "Began after", "Took", "Unused cost"];

const Attempts = ({ request: { attempts } }: { request: LoggedRequest }) => {
  const columns = attempts.some(({ unusedCostUsd }) => unusedCostUsd !== null)
    ? attemptColumns
    : attemptColumns.slice(0, -1);
  return attempts.length === 0 ? null : (
    <Table
      caption="Attempts"
      columns={columns}
      rows={attempts.map(({ provider, model, result, httpStatus, startedMs, latencyMs, unusedCostUsd }, index) => ({
        key: String(index),
        cells: [
          `${provider} · ${model}`,
          httpStatus === null ? result : `${result} (${httpStatus})`,
          formatMs(startedMs),
          formatMs(latencyMs),
          unusedCostUsd === null ? "–" : formatCost(unusedCostUsd),
        ].slice(0, columns.length),
      }))}
    />
  );
};

const scores = [
  { score: 1, label: "Good answer" },
  { score: -1, label: "Bad answer" },
] as const;

const FeedbackButtons = ({ id, given }: { id: string; given: Feedback | null }) => {
  const score = useSignal(given?.score);
  const comment = useSignal(given?.comment ?? "");
  const give = useAction(async (wanted: Feedback["score"]) => {
    score.value = (await giveFeedback(id, wanted, comment.value.trim())).feedback.score;
  });
  return (
    <>
      <ErrorNotice error={give.error.value} />
      <TextField label="Comment (optional)" value={comment} autocomplete="off" maxLength={2_000} />
      <div class="toolbar">
        {scores.map(({ score: wanted, label }) => (
          <Button
            key={label}
            small
            kind={score.value === wanted ? "primary" : "secondary"}
            pending={give.pending.value}
            onClick={() => void give.run(wanted)}
          >
            {label}
          </Button>
        ))}
        <span role="status" class="hint">
          {score.value === undefined || score.value === 0 ? "" : "Noted."}
        </span>
      </div>
    </>
  );
};

/** Everything that is known of one request, beside the list. */
export const RequestDetails = ({ id, onClose }: { id: string; onClose: () => void }) => {
  const whole = useResource((signal) => readRequest(id, signal), id);
  const request = whole.data.value;
  const keys = useResource(listKeys);
  const nameOf = (keyId: string | null): string | null =>
    keyId === "playground" ? "Playground" : (keys.data.value?.find((each) => each.keyId === keyId)?.name ?? keyId);
  return (
    <Dialog title="Request" shape="side" onClose={onClose}>
      <p class="model-id">
        <code>{id}</code>
        <CopyButton small kind="quiet" text={id}>
          Copy id
        </CopyButton>
      </p>
      <ErrorNotice error={whole.error.value} onRetry={whole.reload} />
      {request === undefined ? (
        whole.error.value === undefined ? (
          <Skeleton rows={4} label="Loading the request" />
        ) : null
      ) : (
        <div class="stack request-details">
          <p>
            <StatusBadge status={request.status} /> {formatDateTime(request.startedAt)}
          </p>
          {request.generations.map((generation) => (
            <section key={generation.generation} aria-label={generation.model}>
              {request.generations.length === 1 ? null : <h3>{generation.model}</h3>}
              <Facts request={generation} keyName={nameOf(generation.keyId)} />
              <Attempts request={generation} />
              {generation.content === undefined || generation.content === null ? null : (
                <Recorded content={generation.content} />
              )}
            </section>
          ))}
          <FeedbackButtons id={id} given={request.feedback} />
        </div>
      )}
    </Dialog>
  );
};
