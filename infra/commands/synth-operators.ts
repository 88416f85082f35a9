import { writeFile } from "node:fs/promises";
import { operatorsTemplateFile, synthOperators } from "#infra/operators/synth.ts";

/** `npm run synth:operators`: writes the operators' template, which is committed and deployed by SST. */
if (import.meta.main) {
  const template = synthOperators();
  await writeFile(operatorsTemplateFile, template);
  console.log(`infra/operators/template.json: ${Buffer.byteLength(template)} bytes`);
}
