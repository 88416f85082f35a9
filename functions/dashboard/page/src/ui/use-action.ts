import { type ReadonlySignal, useSignal } from "@preact/signals";
import { toError } from "../api/request.ts";

export interface Action<Input extends readonly unknown[]> {
  /** Does nothing while an earlier run goes on: a double click sends one request. */
  readonly run: (...input: Input) => Promise<void>;
  readonly pending: ReadonlySignal<boolean>;
  readonly error: ReadonlySignal<Error | undefined>;
  readonly fail: (error: Error | undefined) => void;
}

/** Something that the user does and that may take time or fail. Its error is state, for a notice. */
export const useAction = <Input extends readonly unknown[]>(
  perform: (...input: Input) => Promise<void>,
): Action<Input> => {
  const pending = useSignal(false);
  const error = useSignal<Error | undefined>(undefined);
  const run = async (...input: Input): Promise<void> => {
    if (pending.peek()) return;
    pending.value = true;
    error.value = undefined;
    try {
      await perform(...input);
    } catch (thrown) {
      error.value = toError(thrown);
    } finally {
      pending.value = false;
    }
  };
  return {
    run,
    pending,
    error,
    fail: (value) => {
      error.value = value;
    },
  };
};
