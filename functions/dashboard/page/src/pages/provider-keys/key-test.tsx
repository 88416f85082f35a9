import { type ReadonlySignal, useSignal } from "@preact/signals";
import { type KeyTest, type ProviderAccess, testProviderKey } from "../../api/provider-keys.ts";
import { formatMs } from "../../format.ts";
import { Button } from "../../ui/button.tsx";
import { Notice } from "../../ui/notice.tsx";
import { type Action, useAction } from "../../ui/use-action.ts";

/** What is tested: where the key goes, and for a custom server a model. */
export interface Tested {
  readonly access: ProviderAccess;
  readonly model: string | undefined;
}

export interface KeyTestState {
  /** Of what the fields say now; undefined before a test, and once they change. */
  readonly result: KeyTest | undefined;
  readonly action: Action<readonly []>;
  /** Resolves to whether the provider took it. @throws ApiError */
  readonly test: () => Promise<boolean>;
}

/** Tests what the form's fields say, and forgets the result when they change. */
export const useKeyTest = (read: () => Tested): KeyTestState => {
  const done = useSignal<{ readonly of: string; readonly result: KeyTest } | undefined>(undefined);
  const test = async (): Promise<boolean> => {
    const tested = read();
    const result = await testProviderKey(tested.access, tested.model);
    done.value = { of: JSON.stringify(tested), result };
    return result.ok;
  };
  const action = useAction(async () => {
    await test();
  });
  const current = done.value?.of === JSON.stringify(read()) ? done.value.result : undefined;
  return { result: current, action, test };
};

interface TestNoticeProps {
  readonly name: string;
  /** What is tested: a key, or a role. */
  readonly what: string;
  readonly result: KeyTest | undefined;
  readonly pending: ReadonlySignal<boolean>;
  readonly onSaveAnyway: () => void;
}

/** What the provider says of the key, in its own words. */
export const TestNotice = ({ name, what, result, pending, onSaveAnyway }: TestNoticeProps) => {
  if (pending.value) return <p class="hint">Asking {name}…</p>;
  if (result === undefined) return null;
  const { ok, status, message, latencyMs } = result;
  if (ok) {
    return (
      <Notice kind="success" live>
        <p>
          It works: {name} accepted the {what} in {formatMs(latencyMs)}.
        </p>
      </Notice>
    );
  }
  return (
    <Notice kind="error" live>
      <p>
        {status === null ? `${name} did not answer.` : `${name} did not accept the ${what} (status ${status}).`}{" "}
        {message}
      </p>
      <Button small onClick={onSaveAnyway}>
        Save it anyway
      </Button>
    </Notice>
  );
};
