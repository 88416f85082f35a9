import { request, requestText } from "./request.ts";

/** A page of the account's data: JSON lines without the last one, which says where the next page begins. */
export interface ExportPage {
  readonly text: string;
  readonly lines: number;
  /** Undefined on the last page. */
  readonly cursor: string | undefined;
}

const lastLine = /(?:^|\n)([^\n]*)\n?$/;

export const readExportPage = async (cursor: string | undefined, signal: AbortSignal): Promise<ExportPage> => {
  const query = cursor === undefined ? "" : `?${new URLSearchParams({ cursor })}`;
  const { text } = await requestText(`v1/account/export${query}`, { signal });
  const last = lastLine.exec(text)?.[1] ?? "";
  const end = JSON.parse(last) as { readonly type: string; readonly cursor?: string };
  if (end.type !== "next" && end.type !== "end") throw new Error("The export ended early. Continue to read the rest.");
  const body = text.slice(0, text.lastIndexOf(last));
  return { text: body, lines: body.split("\n").length - 1, cursor: end.cursor };
};

/** The password is not needed shortly after a sign-in. */
export const deleteAccount = async (password: string): Promise<void> => {
  await request("v1/account", { method: "DELETE", ...(password === "" ? {} : { body: { password } }) });
};
