import { z } from "zod";

/** The option of commands that several processes can work at. */
export const workersOption: z.ZodOptional<z.ZodNumber> = z.number().int().min(1)
  .optional().describe(
    "Processes that compute together on this machine (tdro setup --mpi once); default: those that mpirun or srun started, else one",
  );
