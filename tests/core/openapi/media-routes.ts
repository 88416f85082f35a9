/**
 * Routes whose providers are the media stand-ins of the whole local cloud: tests/media calls their operations. All others
 * are called by answers.test.ts.
 */
const mediaRoutes: ReadonlySet<string> = new Set([
  "MediaSpeech",
  "MediaVoices",
  "MediaMusic",
  "MediaImage",
  "MediaVideo",
  "MediaVideoStatus",
  "FashionRun",
  "FashionStatus",
  "FashionSubscribe",
  "ImageGenerate",
  "ImageEdit",
  "ImagesGenerations",
  "ImagesEdits",
  "AudioSpeech",
  "AudioTranscriptions",
  "Moderations",
  "VideoGenerate",
  "VideoStatus",
  "Vision",
  "Jobs",
  "JobContent",
]);

/** Whether tests/media has to call an operation. Its id is the method in small letters and the route's name. */
export const isMediaOperation = (operationId: string): boolean => mediaRoutes.has(operationId.replace(/^[a-z]+/, ""));
