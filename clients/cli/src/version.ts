/** The package's, which the build puts here. */
declare const __VERSION__: string;

export const VERSION = __VERSION__;
