import { type Signal, signal, useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { listKeys } from "../../api/keys.ts";
import { filterNames, type LoggedRequest, listRequests, type RequestFilter, statuses } from "../../api/requests.ts";
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

/** Rows on the page: with more of them, opening a dialog takes longer than people wait. */
const rowsAtMost = 200;

const columns = ["Model", "Status", "Cost", "When", "Tokens", "Time", "Key"];

/** Opens a request, or closes the one that is open. The filter stays in the address. */
const openRequest = (id: string | null): void => {
  const query = new URLSearchParams(route.peek().query);
  if (id === null) query.delete("id");
  else query.set("id", id);
  navigate("requests", { query });
};

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
  const left = Math.max(0, all.length - rowsAtMost);
  return (
    <>
      <ErrorNotice error={newest.error.value ?? more.error.value} onRetry={newest.reload} />
      {first === undefined && newest.error.value === undefined ? (
        <Skeleton rows={5} label="Loading the requests" />
      ) : null}
      {first !== undefined && all.length === 0 ? (
        <Empty title="No requests">
          Requests that match are listed here, of the last 30 days unless you say from when.{" "}
          <Link to="playground">Send one</Link>
        </Empty>
      ) : null}
      {left === 0 ? null : (
        <div class="toolbar">
          <p class="hint">The newest {formatCount(left)} of these are not shown.</p>
          <Button
            small
            onClick={() => {
              older.value = [];
              cursor.value = undefined;
            }}
          >
            Back to the newest
          </Button>
        </div>
      )}
      {all.length === 0 ? null : (
        <div class="requests">
          <Table caption="Requests" columns={columns} rows={all.slice(left).map(toRow(names))} whole />
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

const readFilter = (query: URLSearchParams): RequestFilter =>
  Object.fromEntries(filterNames.map((name) => [name, query.get(name) ?? ""])) as RequestFilter;

/** The details of the request that the address names. A component of its own: the list stays as it is when they open. */
const Shown = () => {
  const id = route.value.query.get("id");
  return id === null ? null : <RequestDetails key={id} id={id} onClose={() => openRequest(null)} />;
};

interface FilterProps {
  readonly filter: Readonly<Record<keyof RequestFilter, Signal<string>>>;
  readonly names: ReadonlyMap<string, string>;
  readonly onCommit: () => void;
}

/** Length: markup of one form. */
const Filter = ({ filter, names, onCommit }: FilterProps) => {
  const keyOptions = [
    { value: "", label: "All" },
    { value: "playground", label: "Playground" },
    ...[...names].map(([value, label]) => ({ value, label })),
  ];
  const text = { autocomplete: "off" as const, mono: true, onCommit };
  return (
    <div class="card request-filter">
      <SelectField label="Status" value={filter.status} options={statusOptions} onCommit={onCommit} />
      <SelectField label="Key" value={filter.key} options={keyOptions} onCommit={onCommit} />
      <TextField {...text} label="Model" value={filter.model} placeholder="gpt-5.2" maxLength={200} />
      <TextField {...text} label="Provider" value={filter.provider} placeholder="openai" maxLength={50} />
      <TextField {...text} label="Tag" value={filter.tag} placeholder="team=search" maxLength={600} />
      <TextField label="From" type="date" value={filter.from} onCommit={onCommit} />
      <TextField label="To" type="date" value={filter.to} onCommit={onCommit} />
    </div>
  );
};

/** Every generation of the account: filtered, live, with its details. The address has the filter, so that it can be shared. */
export const RequestsPage = () => {
  const chosen = useSignal(readFilter(route.peek().query));
  const fields = useMemo(
    () =>
      Object.fromEntries(
        filterNames.map((name) => [name, signal(chosen.peek()[name])]),
      ) as unknown as FilterProps["filter"],
    [],
  );
  const keys = useResource(listKeys);
  const names = new Map((keys.data.value ?? []).map(({ keyId, name }) => [keyId, name]));
  // What was committed, not what is being typed.
  const commit = (): void => {
    chosen.value = Object.fromEntries(filterNames.map((name) => [name, fields[name].peek().trim()])) as RequestFilter;
    const query = new URLSearchParams(Object.entries(chosen.value).filter(([, value]) => value !== ""));
    navigate("requests", { query, replace: true });
  };
  return (
    <>
      <PageHeader title="Requests">
        What was asked, what answered, what it took and what it cost. The newest come by themselves.
      </PageHeader>
      <Filter filter={fields} names={names} onCommit={commit} />
      <List filter={chosen.value} names={names} />
      <Shown />
    </>
  );
};
