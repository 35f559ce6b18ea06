/** Files of which each folder of data that tdro writes has one. */
export const DATA_MARKS: readonly string[] = [
  "task.json",
  "suite.json",
  "source.json",
];
