/** Where the adapter of a saved encoder lies, in its folder. */
export const ADAPTER = "adapter";
