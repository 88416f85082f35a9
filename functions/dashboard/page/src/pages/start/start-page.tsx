import { type ReadonlySignal, type Signal, useSignal } from "@preact/signals";
import { createKey, listKeys } from "../../api/keys.ts";
import { plural } from "../../format.ts";
import { root } from "../../root.ts";
import { Button } from "../../ui/button.tsx";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Link } from "../../ui/link.tsx";
import { ErrorNotice } from "../../ui/notice.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Segments } from "../../ui/segments.tsx";
import { useAction } from "../../ui/use-action.ts";
import { useResource } from "../../ui/use-resource.ts";
import { FirstRequest } from "./first-request.tsx";
import { baseUrls, type Client, snippets } from "./snippets.ts";
import { Today } from "./today.tsx";

const clients = Object.entries(snippets).map(([value, { name }]) => ({ value: value as Client, label: name }));

const placeholder = "ck_…";
const firstRateLimit = 60;

/** Makes a key and puts it into the text below. It stays in this page's memory alone. */
const Key = ({ made }: { made: Signal<string> }) => {
  const keys = useResource(listKeys);
  const create = useAction(async () => {
    const { key } = await createKey({ name: "First key", rateLimit: firstRateLimit });
    made.value = key;
  });
  const count = keys.data.value?.length ?? 0;
  return (
    <section class="card stack" aria-label="Key">
      <h2>1. Create a key</h2>
      {made.value === "" ? (
        <>
          <p>
            {count === 0 ? "One key works with every model." : `You have ${plural(count, "key")}. `}
            {count === 0 ? null : <Link to="keys">See your keys</Link>}
          </p>
          <ErrorNotice error={create.error.value} />
          <div>
            <Button
              kind={count === 0 ? "primary" : "secondary"}
              icon="plus"
              pending={create.pending.value}
              onClick={() => void create.run()}
            >
              Create a key
            </Button>
          </div>
        </>
      ) : (
        <>
          <p role="status">
            <strong>This is the only time it is shown.</strong> The text below has it. Store it as a secret.
          </p>
          <div class="secret">
            <input
              class="mono"
              readOnly
              value={made.value}
              aria-label="Your new API key"
              onFocus={(event) => event.currentTarget.select()}
            />
            <CopyButton text={made.value} kind="primary">
              Copy key
            </CopyButton>
          </div>
        </>
      )}
    </section>
  );
};

const Connect = ({ made }: { made: ReadonlySignal<string> }) => {
  const client = useSignal<Client>("curl");
  const { name, text: template, where } = snippets[client.value];
  const text = made.value === "" ? template : template.replaceAll(placeholder, made.value);
  return (
    <section class="card stack" aria-label="Connect a client">
      <h2>2. Connect a client</h2>
      {made.value === "" ? (
        <p>
          Put your key where the text has <code>{placeholder}</code>.
        </p>
      ) : null}
      <Segments
        label="Client"
        value={client.value}
        options={clients}
        onChoose={(value) => {
          client.value = value;
        }}
      />
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
      <section class="code" tabIndex={0} aria-label={`Configuration for ${name}`}>
        <pre>
          <code>{text}</code>
        </pre>
      </section>
      <div class="curl-foot">
        <p class="hint">{where}</p>
        <CopyButton text={text}>Copy</CopyButton>
      </div>
    </section>
  );
};

/** Where a new user begins: a key, the first call from each client, whether it came, and what may be spent. */
export const StartPage = () => {
  const made = useSignal("");
  return (
    <>
      <PageHeader title="Get started">
        One key works with every model. Point your client at this gateway; <a href={`${root}docs`}>the docs</a> say
        more.
      </PageHeader>
      <Today />
      <Key made={made} />
      <Connect made={made} />
      <FirstRequest />
      <section class="card stack" aria-label="Base URLs">
        <h2>Base URLs</h2>
        {baseUrls.map(({ clients: who, url }) => (
          <div key={url} class="curl-foot">
            <p class="wrap">
              {who}: <code>{url}</code>
            </p>
            <CopyButton small kind="quiet" text={url}>
              Copy
            </CopyButton>
          </div>
        ))}
      </section>
    </>
  );
};
