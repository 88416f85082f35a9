import { type Signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { toError } from "../api/request.ts";

export interface Resource<Data> {
  /** What was read last; kept while it is read again. */
  readonly data: Signal<Data | undefined>;
  readonly error: Signal<Error | undefined>;
  readonly loading: Signal<boolean>;
  readonly reload: () => void;
}

/** Reads when the component appears, when `key` changes, and when it is told to. An empty answer to an old key is dropped. */
export const useResource = <Data>(load: (signal: AbortSignal) => Promise<Data>, key = ""): Resource<Data> => {
  const data = useSignal<Data | undefined>(undefined);
  const error = useSignal<Error | undefined>(undefined);
  const loading = useSignal(true);
  const attempt = useSignal(0);
  useEffect(() => {
    const controller = new AbortController();
    loading.value = true;
    load(controller.signal).then(
      (value) => {
        if (controller.signal.aborted) return;
        data.value = value;
        error.value = undefined;
        loading.value = false;
      },
      (thrown: unknown) => {
        if (controller.signal.aborted) return;
        error.value = toError(thrown);
        loading.value = false;
      },
    );
    return () => controller.abort();
  }, [key, attempt.value]);
  const reload = (): void => {
    attempt.value += 1;
  };
  return { data, error, loading, reload };
};
