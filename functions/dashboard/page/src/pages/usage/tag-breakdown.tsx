import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { listRequests } from "../../api/requests.ts";
import type { UsageByName, UsageQuery } from "../../api/usage.ts";
import { navigate } from "../../router.ts";
import { Button } from "../../ui/button.tsx";
import { TextField } from "../../ui/fields.tsx";
import { useResource } from "../../ui/use-resource.ts";
import { bySize, SumsTable } from "./sums-table.tsx";
import { toQuery } from "./usage-query.ts";

const anyRequest = { status: "", model: "", key: "", tag: "" };

/** Tags that the latest requests have: suggestions, no more. */
const readTagNames = async (signal: AbortSignal): Promise<readonly string[]> => {
  const { requests } = await listRequests(anyRequest, undefined, signal);
  return [...new Set(requests.flatMap(({ tags = {} }) => Object.keys(tags)))].sort();
};

interface TagBreakdownProps {
  readonly query: UsageQuery;
  readonly byTag: UsageByName | undefined;
}

/** Usage by the values of a tag that the user names. */
export const TagBreakdown = ({ query, byTag }: TagBreakdownProps) => {
  const tag = useSignal(query.tag ?? "");
  const names = useResource(readTagNames);
  useEffect(() => {
    tag.value = query.tag ?? "";
  }, [query.tag]);
  if (query.keyId !== "") {
    return (
      <section class="card">
        <h2>By tag</h2>
        <p class="hint">Tags are summed over all keys: choose all keys to see them.</p>
      </section>
    );
  }
  const show = (): void => navigate("usage", { query: toQuery({ ...query, tag: tag.value.trim() }) });
  return (
    <section class="card">
      <h2>By tag</h2>
      <form
        class="tag-form"
        onSubmit={(event) => {
          event.preventDefault();
          show();
        }}
      >
        <TextField
          label="Tag"
          value={tag}
          autocomplete="off"
          maxLength={64}
          placeholder="team"
          suggestions={names.data.value ?? []}
        />
        <Button type="submit">Show</Button>
      </form>
      {byTag === undefined || query.tag === "" ? null : Object.keys(byTag).length === 0 ? (
        <p class="hint">No request in this range has the tag {query.tag}.</p>
      ) : (
        <SumsTable
          caption={`Usage by ${query.tag}`}
          nameHead={query.tag ?? ""}
          rows={bySize(byTag)}
          sums={byTag}
          bars
        />
      )}
    </section>
  );
};
