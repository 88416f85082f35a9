import type { Option } from "../../ui/fields.tsx";

/** When a key ends, as the dialogs offer it. */

const dayMs = 86_400_000;

export const expiryOptions: readonly Option[] = [
  { value: "never", label: "Never" },
  { value: "30", label: "In 30 days" },
  { value: "90", label: "In 90 days" },
  { value: "365", label: "In a year" },
  { value: "date", label: "On a date…" },
];

/** A local day as a date field has it, YYYY-MM-DD. */
export const toDateInput = (time: Date): string => {
  const pad = (value: number): string => String(value).padStart(2, "0");
  return `${time.getFullYear()}-${pad(time.getMonth() + 1)}-${pad(time.getDate())}`;
};

export const tomorrow = (): string => toDateInput(new Date(Date.now() + dayMs));

/** ISO 8601, or null for never. A date means its end, where the user is. */
export const toExpiresAt = (choice: string, date: string): string | null => {
  if (choice === "never") return null;
  if (choice === "date") return new Date(`${date}T23:59:59`).toISOString();
  return new Date(Date.now() + Number(choice) * dayMs).toISOString();
};
