/**
 * Training that can't go on, because a loss or gradient isn't finite. The update
 * wasn't made; but those before may have led there.
 */
export class DivergenceError extends RangeError {}
