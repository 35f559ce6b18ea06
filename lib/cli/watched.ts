import type { ProgressEvent } from "../base/progress_event.ts";

/**
 * Work that is under way as progress events, looked at ten times a second.
 *
 * @param work The work.
 * @param event How far it is.
 * @returns What it gives.
 */
export async function* watched<T>(
  work: Promise<T>,
  event: () => ProgressEvent,
): AsyncGenerator<ProgressEvent, T> {
  let over = false;
  const ended = work.then(() => over = true, () => over = true);
  while (!over) {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const tick = new Promise((resume) => timer = setTimeout(resume, 100));
    await Promise.race([ended, tick]);
    clearTimeout(timer);
    if (!over) yield event();
  }
  return await work;
}
