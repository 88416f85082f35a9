import type { ComponentChildren } from "preact";
import { TextField } from "../../ui/fields.tsx";
import type { AccessFields } from "./access-fields.ts";

interface KeyFieldProps {
  readonly fields: AccessFields;
  readonly hint: ComponentChildren;
}

export const KeyField = ({ fields, hint }: KeyFieldProps) => (
  <TextField
    label="Key"
    value={fields.apiKey}
    type="password"
    required
    maxLength={4_000}
    autocomplete="off"
    mono
    hint={hint}
  />
);
