import type { ChatProviderId } from "#core/catalog/provider-ids.ts";
import { GatewayError } from "#core/errors.ts";
import { type ChatRequest, gatewayFields } from "#core/schemas/chat.ts";
import { isRecord, ownValue } from "#core/values/records.ts";
import {
  type Condition,
  type FieldCase,
  type FieldCases,
  type FieldRow,
  fieldTable,
  neutralValues,
  otherField,
} from "./field-table.ts";

const ours: ReadonlySet<string> = new Set(gatewayFields);
const rows: ReadonlyMap<string, FieldRow> = new Map<string, FieldRow>(Object.entries(fieldTable));

/** The case that holds. The last of a row has no condition, so there is always one. */
export const caseOf = (cases: FieldCases, holds: ReadonlySet<Condition>): FieldCase => {
  const found = cases.find(({ when }) => when === undefined || when.every((condition) => holds.has(condition)));
  if (found === undefined) throw new Error("A row of the field table has no case without a condition");
  return found;
};

/** What becomes of a field at a provider. */
export const fieldCase = (provider: ChatProviderId, name: string, holds: ReadonlySet<Condition>): FieldCase =>
  caseOf((rows.get(name) ?? otherField)[provider], holds);

const isEmpty = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === "" ||
  (typeof value === "object" && Object.keys(value).length === 0);

const isSame = (left: unknown, right: unknown): boolean =>
  left === right || (typeof left === "object" && JSON.stringify(left) === JSON.stringify(right));

/** Whether a value turns something off: what else it says then has no effect. */
const turnsOff = (value: unknown): boolean => isRecord(value) && value.mode === "off";

/** Whether a value asks for nothing but the default, so that leaving it out changes no answer. */
export const asksNothing = (name: string, value: unknown): boolean => {
  const neutral = ownValue(neutralValues, name) ?? [];
  // Off is every switch's default but of those that are on by default.
  if (value === false) return !neutral.includes(true);
  return isEmpty(value) || turnsOff(value) || neutral.some((each) => isSame(each, value));
};

export interface AppliedFields {
  /** Fields that leave as they came. */
  readonly passed: Record<string, unknown>;
  /** Fields that the adapter has to put into the provider's form, or clamp. Never null or undefined. */
  readonly open: Partial<ChatRequest>;
}

/**
 * Sorts the fields of a request by the field table. Names what is dropped in `warnings`; the gateway's own fields and nulls
 * go without a word.
 * @throws GatewayError for a field that is refused.
 */
export const applyFields = (
  provider: ChatProviderId,
  request: ChatRequest,
  holds: ReadonlySet<Condition>,
  warnings: Set<string>,
): AppliedFields => {
  const passed: Record<string, unknown> = {};
  const open: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(request)) {
    if (value === null || value === undefined || ours.has(name)) continue;
    const { treatment, note } = fieldCase(provider, name, holds);
    switch (treatment) {
      case "passed":
        passed[name] = value;
        break;
      case "translated":
      case "clamped":
        open[name] = value;
        break;
      case "dropped":
        if (!asksNothing(name, value)) warnings.add(name);
        break;
      case "refused":
        if (asksNothing(name, value)) break;
        throw new GatewayError("BAD_REQUEST", `${provider} cannot take ${name}: ${note ?? "it has no such field."}`, {
          param: name,
        });
    }
  }
  return { passed, open: open as Partial<ChatRequest> };
};
