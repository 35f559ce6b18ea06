/** Whether the stop button was pressed. */
export interface Interrupt extends Disposable {
  /** Whether it was, since the listening began. */
  readonly pressed: boolean;
}

/**
 * Listens for the signal that a notebook's stop button sends, until disposed.
 * Without a listener it would end the kernel, and all that the notebook holds.
 */
export function onInterrupt(listen: boolean): Interrupt {
  let pressed = false;
  const press = () => {
    pressed = true;
  };
  let listening = false;
  try {
    if (listen) Deno.addSignalListener("SIGINT", press);
    listening = listen;
  } catch {
    // A system that has no such signal.
  }
  return {
    get pressed() {
      return pressed;
    },
    [Symbol.dispose]() {
      if (listening) Deno.removeSignalListener("SIGINT", press);
    },
  };
}
