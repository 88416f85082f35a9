/** Images that are pasted, dropped or chosen, small enough to send with every message of a conversation. */

/** Providers scale larger images down to about this side. */
const sideAtMost = 1_568;
const quality = 0.85;
export const imagesAtMost = 4;

const toDataUrl = (blob: Blob): Promise<string> =>
  new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });

/** As a JPEG of at most 1,568 pixels a side. Rejects for what is not an image that the browser can read. */
const scaled = async (file: Blob): Promise<string> => {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, sideAtMost / Math.max(bitmap.width, bitmap.height));
  const canvas = new OffscreenCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
  const context = canvas.getContext("2d");
  if (context === null) throw new Error("The browser cannot draw.");
  // JPEG has no transparency.
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return toDataUrl(await canvas.convertToBlob({ type: "image/jpeg", quality }));
};

export const imageFiles = (data: DataTransfer | null): readonly File[] =>
  [...(data?.files ?? [])].filter(({ type }) => type.startsWith("image/"));

export interface ReadImages {
  readonly images: readonly string[];
  /** Why some are left out. */
  readonly problem: string | undefined;
}

/** Adds images to those of a draft. */
export const addImages = async (present: readonly string[], files: readonly Blob[]): Promise<ReadImages> => {
  const room = files.slice(0, Math.max(0, imagesAtMost - present.length));
  const read = await Promise.allSettled(room.map(scaled));
  const images = [...present, ...read.flatMap((each) => (each.status === "fulfilled" ? [each.value] : []))];
  if (read.some(({ status }) => status === "rejected")) return { images, problem: "That image cannot be read." };
  const problem = room.length < files.length ? `A message holds at most ${imagesAtMost} images.` : undefined;
  return { images, problem };
};
