/** How much of each task is measured between updates, where nothing else is said. */
export const DEV_SIZES: Readonly<{ queries: number; passages: number }> = {
  queries: 100,
  passages: 1000,
};
