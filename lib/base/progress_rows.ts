import type { ProgressEvent } from "./progress_event.ts";
import { relay } from "./relay.ts";

/**
 * Progress of some work that doesn't know what it is part of: its stages and labels
 * say so.
 *
 * @param title What it is part of, e.g. a seed.
 * @param events The work.
 */
export function prefixed<T>(
  title: string,
  events: AsyncGenerator<ProgressEvent, T>,
): AsyncGenerator<ProgressEvent, T> {
  return relay(events, (event) => ({
    ...event,
    stage: `${title}: ${event.stage}`,
    label: `${event.label} (${title})`,
  }));
}

/**
 * The same in one row of a panel, whatever the stage.
 *
 * @param row Name of the row.
 * @param events The work.
 */
export function inRow<T>(
  row: string,
  events: AsyncGenerator<ProgressEvent, T>,
): AsyncGenerator<ProgressEvent, T> {
  return relay(events, (event) => ({ ...event, row }));
}

/**
 * The same without the sentences that are shown as they are.
 *
 * @param events The work.
 */
export function withoutLines<T>(
  events: AsyncGenerator<ProgressEvent, T>,
): AsyncGenerator<ProgressEvent, T> {
  return relay(events, (event) => event.lines ? undefined : event);
}
