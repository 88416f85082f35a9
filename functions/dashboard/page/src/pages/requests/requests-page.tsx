import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { listKeys } from "../../api/keys.ts";
import { type LoggedRequest, listRequests, type RequestFilter, statuses } from "../../api/requests.ts";
import { formatCost, formatCount, formatMs } from "../../format.ts";
import { navigate, route } from "../../router.ts";
import { Button } from "../../ui/button.tsx";
import { SelectField, TextField } from "../../ui/fields.tsx";
import { Link } from "../../ui/link.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Empty, Skeleton } from "../../ui/placeholder.tsx";
import { Table } from "../../ui/table.tsx";
import { Ago } from "../../ui/time.tsx";
import { useAction } from "../../ui/use-action.ts";
import { usePolling } from "../../ui/use-polling.ts";
import { useResource } from "../../ui/use-resource.ts";
import { RequestDetails } from "./request-details.tsx";
import { StatusBadge, statusWord } from "./status-badge.tsx";

/** How often the newest requests are read, ms. */
const liveMs = 5_000;

const columns = ["Model", "Status", "Cost", "When", "Tokens", "Time", "Key"];

const openRequest = (id: string): void => navigate("requests", { query: new URLSearchParams({ id }) });

const tokensOf = ({ tokens, unit, units }: LoggedRequest): string =>
  unit !== null && units !== null
    ? `${formatCount(units)} ${unit}`
    : `${formatCount(tokens.input)} in, ${formatCount(tokens.output)} out`;

const nameOf = (keyId: string | null, names: ReadonlyMap<string, string>): string =>
  keyId === null ? "–" : (names.get(keyId) ?? (keyId === "playground" ? "Playground" : keyId));

const toRow = (names: ReadonlyMap<string, string>) => (request: LoggedRequest) => ({
  key: `${request.id}/${request.generation}`,
  cells: [
    <button
      key="model"
      type="button"
      class="row-button"
      onClick={() => openRequest(request.id)}
      aria-label={`${request.model}, ${statusWord(request.status)}: details`}
    >
      {request.model}
    </button>,
    <StatusBadge key="status" status={request.status} />,
    formatCost(request.costUsd),
    <Ago key="time" time={request.startedAt} />,
    tokensOf(request),
    formatMs(request.latencyMs),
    nameOf(request.keyId, names),
  ],
});

const statusOptions = [
  { value: "", label: "Any" },
  ...statuses.map((status) => ({ value: status, label: statusWord(status) })),
];

interface ListProps {
  readonly filter: RequestFilter;
  readonly names: ReadonlyMap<string, string>;
}

/** The newest requests, read again every few seconds, and older ones on demand. */
const List = ({ filter, names }: ListProps) => {
  const name = JSON.stringify(filter);
  const newest = useResource((signal) => listRequests(filter, undefined, signal), name);
  const older = useSignal<readonly LoggedRequest[]>([]);
  const cursor = useSignal<string | null | undefined>(undefined);
  useEffect(() => {
    older.value = [];
    cursor.value = undefined;
  }, [name]);
  // Once older ones are shown, a list that moves would be in the way.
  usePolling(cursor.value === undefined, liveMs, newest.reload);
  const first = newest.data.value;
  const next = cursor.value === undefined ? first?.nextCursor : cursor.value;
  const more = useAction(async () => {
    const page = await listRequests(filter, next ?? undefined);
    older.value = [...older.value, ...page.requests];
    cursor.value = page.nextCursor;
  });
  const all = [...(first?.requests ?? []), ...older.value];
  return (
    <>
      <ErrorNotice error={newest.error.value ?? more.error.value} onRetry={newest.reload} />
      {first === undefined && newest.error.value === undefined ? (
        <Skeleton rows={5} label="Loading the requests" />
      ) : null}
      {first !== undefined && all.length === 0 ? (
        <Empty title="No requests">
          Requests of the last 30 days that match are listed here. <Link to="playground">Send one</Link>
        </Empty>
      ) : null}
      {all.length === 0 ? null : (
        <div class="requests">
          <Table caption="Requests" columns={columns} rows={all.map(toRow(names))} />
        </div>
      )}
      {next === undefined || next === null ? null : (
        <Button pending={more.pending.value} onClick={() => void more.run()}>
          Show older
        </Button>
      )}
    </>
  );
};

/** Every generation of the account: filtered, live, with its details. */
export const RequestsPage = () => {
  const status = useSignal("");
  const model = useSignal("");
  const key = useSignal("");
  const tag = useSignal("");
  // What was committed, not what is being typed.
  const words = useSignal({ model: "", tag: "" });
  const keys = useResource(listKeys);
  const names = new Map((keys.data.value ?? []).map(({ keyId, name }) => [keyId, name]));
  const commit = (): void => {
    words.value = { model: model.value.trim(), tag: tag.value.trim() };
  };
  const shown = route.value.query.get("id");
  const keyOptions = [
    { value: "", label: "All" },
    { value: "playground", label: "Playground" },
    ...[...names].map(([value, label]) => ({ value, label })),
  ];
  return (
    <>
      <PageHeader title="Requests">
        What was asked, what answered, what it took and what it cost. The newest come by themselves.
      </PageHeader>
      <div class="card request-filter">
        <SelectField label="Status" value={status} options={statusOptions} />
        <SelectField label="Key" value={key} options={keyOptions} />
        <TextField
          label="Model"
          value={model}
          autocomplete="off"
          placeholder="gpt-5.2"
          maxLength={200}
          mono
          onCommit={commit}
        />
        <TextField
          label="Tag"
          value={tag}
          autocomplete="off"
          placeholder="team=search"
          maxLength={600}
          mono
          onCommit={commit}
        />
      </div>
      <List filter={{ status: status.value, key: key.value, ...words.value }} names={names} />
      {shown === null ? null : <RequestDetails key={shown} id={shown} onClose={() => navigate("requests")} />}
    </>
  );
};
