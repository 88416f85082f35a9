import type { Status } from "../../api/requests.ts";

const words: Readonly<Record<Status, string>> = {
  ok: "OK",
  error: "Error",
  cancelled: "Cancelled",
  open: "Running",
  abandoned: "Abandoned",
};

const looks: Readonly<Record<Status, string>> = {
  ok: "active",
  error: "ended",
  cancelled: "",
  open: "running",
  abandoned: "ended",
};

export const statusWord = (status: Status): string => words[status];

export const StatusBadge = ({ status }: { status: Status }) => (
  <span class={`badge ${looks[status]}`}>{words[status]}</span>
);
