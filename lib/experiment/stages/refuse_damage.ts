import { findDamage } from "../../base/files/checksums.ts";

/**
 * Refuses the result of a finished stage whose files aren't those that it wrote.
 *
 * @param folder Folder of the result; without it, the stage is done anew.
 * @throws {SyntaxError} If a file of it is damaged.
 */
export async function refuseDamage(folder: string): Promise<void> {
  const damage = await findDamage(folder);
  if (damage === undefined) return;
  throw new SyntaxError(
    `Cannot resume the run: ${damage}; remove ${folder} to do that stage anew`,
  );
}
