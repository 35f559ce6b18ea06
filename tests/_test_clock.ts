// @ts-types="@types/sinonjs__fake-timers"
import { type Clock, install } from "@sinonjs/fake-timers";

/**
 * Time in the test's hand: timers and the performance clock stand still but for
 * `tickAsync()`, until the end of the block.
 */
export function testClock(): Clock & Disposable {
  const clock = install({
    toFake: ["setTimeout", "clearTimeout", "performance"],
  });
  return Object.assign(clock, { [Symbol.dispose]: () => clock.uninstall() });
}
