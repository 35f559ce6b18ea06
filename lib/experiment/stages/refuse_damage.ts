/**
 * Refuses the result of a finished stage whose files aren't those that it wrote.
 *
 * @param damage What is wrong, if anything.
 * @param folder What to remove, so that the stage is done anew.
 * @throws {SyntaxError} If something is.
 */
export function refuseDamage(damage: string | undefined, folder: string): void {
  if (damage === undefined) return;
  throw new SyntaxError(
    `Cannot go on with the run: ${damage}; remove ${folder} to do that stage anew`,
  );
}
