/** What the browser or the build has, and TypeScript's own library does not. */

/** Phrases of the device: key -> language -> words; made by build.js from edge/locale. */
declare module "facecue-phrases" {
  const phrases: import("./phrases.js").Table;
  export default phrases;
}

declare class BarcodeDetector {
  constructor(options: { formats: string[] });
  static getSupportedFormats(): Promise<string[]>;
  detect(source: CanvasImageSource): Promise<{ rawValue: string }[]>;
}

/** Set by build.js. */
declare const VERSION: string;
