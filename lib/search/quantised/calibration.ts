/** Vectors that ranges are measured on: of 1,024 components they are 200 MB. */
export const CALIBRATION = 50_000;
