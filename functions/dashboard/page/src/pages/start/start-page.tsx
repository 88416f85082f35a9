import { useSignal } from "@preact/signals";
import { CopyButton } from "../../ui/copy-button.tsx";
import { Link } from "../../ui/link.tsx";
import { PageHeader } from "../../ui/page-header.tsx";
import { Segments } from "../../ui/segments.tsx";
import { baseUrls, type Client, snippets } from "./snippets.ts";
import { Today } from "./today.tsx";

const clients = Object.entries(snippets).map(([value, { name }]) => ({ value: value as Client, label: name }));

const Connect = () => {
  const client = useSignal<Client>("curl");
  const { name, text, where } = snippets[client.value];
  return (
    <section class="card stack" aria-label="Connect a client">
      <h2>Connect a client</h2>
      <p>
        <Link to="keys">Create a key</Link>, and put it where the text below has <code>ck_…</code>.
      </p>
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

/** Where a new user begins: addresses, the first call from each client, and what may be spent. */
export const StartPage = () => (
  <>
    <PageHeader title="Get started">One key works with every model. Point your client at this gateway.</PageHeader>
    <Today />
    <Connect />
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
