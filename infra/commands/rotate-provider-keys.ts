import { parseArgs } from "node:util";
import { runCommand, useOperatorEnvironment } from "./operator-environment.ts";

/** `npm run operator -- rotate-provider-keys`: re-encrypts every stored data key under the current KMS key; restartable. */
const { values } = parseArgs({ options: { local: { type: "boolean", default: false } } });

await runCommand(async () => {
  useOperatorEnvironment(values.local);
  const { rotateProviderKeys } = await import("#core/provider-keys/rotate.ts");
  return rotateProviderKeys();
});
