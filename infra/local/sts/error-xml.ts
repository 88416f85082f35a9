import { randomUUID } from "node:crypto";

/** STS's XML. */

export const namespace = "https://sts.amazonaws.com/doc/2011-06-15/";

export const escaped = (value: string): string =>
  value.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

/** An error as STS answers it. */
export const stsErrorXml = (code: string, message: string): string =>
  `<ErrorResponse xmlns="${namespace}"><Error><Type>Sender</Type><Code>${code}</Code><Message>${escaped(message)}</Message></Error><RequestId>${randomUUID()}</RequestId></ErrorResponse>`;
