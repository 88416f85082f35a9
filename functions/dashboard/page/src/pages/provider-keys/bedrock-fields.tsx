import type { BedrockTrust } from "../../api/provider-keys.ts";
import { CopyButton } from "../../ui/copy-button.tsx";
import { TextField } from "../../ui/fields.tsx";
import { Segments } from "../../ui/segments.tsx";
import type { AccessFields } from "./access-fields.ts";
import { KeyField } from "./key-field.tsx";

const ways = [
  { value: "key", label: "API key" },
  { value: "role", label: "IAM role" },
] as const;

const trustPolicy = ({ externalId, principal }: BedrockTrust): string =>
  JSON.stringify(
    {
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { AWS: principal ?? "<the gateway's AWS account>" },
          Action: "sts:AssumeRole",
          Condition: { StringEquals: { "sts:ExternalId": externalId } },
        },
      ],
    },
    undefined,
    2,
  );

const Role = ({ trust, fields }: { readonly trust: BedrockTrust; readonly fields: AccessFields }) => {
  const policy = trustPolicy(trust);
  return (
    <>
      <TextField
        label="Role ARN"
        value={fields.roleArn}
        required
        mono
        autocomplete="off"
        maxLength={2_048}
        pattern="arn:[\w\-]+:iam::\d{12}:role\/.+"
        placeholder="arn:aws:iam::123456789012:role/concurred"
        hint="A role in your account that may call bedrock:InvokeModel and bedrock:InvokeModelWithResponseStream."
      />
      <div class="field">
        <div class="card-head">
          <p class="field-name">Its trust policy</p>
          <CopyButton small kind="quiet" text={policy}>
            Copy policy
          </CopyButton>
        </div>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard. */}
        <section class="code" tabIndex={0} aria-label="Trust policy">
          <pre>
            <code>{policy}</code>
          </pre>
        </section>
        <p class="hint wrap">
          Your external id is <code>{trust.externalId}</code>. It is yours alone: no other account of this gateway can
          use the role.
        </p>
      </div>
    </>
  );
};

interface BedrockFieldsProps {
  /** Undefined where the gateway takes no roles. */
  readonly trust: BedrockTrust | undefined;
  readonly fields: AccessFields;
}

export const BedrockFields = ({ trust, fields }: BedrockFieldsProps) => (
  <>
    {trust === undefined ? null : (
      <Segments
        label="How the gateway signs in"
        value={fields.by.value}
        options={ways}
        onChoose={(value) => {
          fields.by.value = value;
        }}
      />
    )}
    <TextField
      label="Region"
      value={fields.region}
      required
      mono
      autocomplete="off"
      pattern="[a-z]{2}(-[a-z]+)+-\d"
      placeholder="us-east-1"
    />
    {trust !== undefined && fields.by.value === "role" ? (
      <Role trust={trust} fields={fields} />
    ) : (
      <KeyField fields={fields} hint="A Bedrock API key, long-term or short-term. Encrypted at rest." />
    )}
  </>
);
