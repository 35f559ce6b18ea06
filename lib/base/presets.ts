/** Settings that were published together. */
export interface Preset {
  /** What it is, and where it was published. */
  about: string;
  /** Values of options, by their names in a record. */
  settings: Readonly<Record<string, number | string | boolean>>;
}

/** Name of a preset. */
export type PresetName = "tdro-released";

/** Names of the presets. */
export const PRESET_NAMES: readonly [PresetName] = ["tdro-released"];

/** The presets: settings of whole trainings, as far as tdro has an option for each. */
export const PRESETS: Readonly<Record<PresetName, Preset>> = {
  "tdro-released": {
    about:
      "the scripts that were released with tDRO (arXiv 2408.10613), but for bfloat16 and the number of devices",
    settings: {
      steps: 1000,
      batchSize: 2048,
      passages: 2,
      learningRate: 1e-4,
      warmup: 0.1,
      weightDecay: 0.1,
      temperature: 0.002,
      queryLength: 128,
      passageLength: 512,
      prompts: "task",
      checkpointing: true,
      weightSteps: 1000,
      weightBatchSize: 2048,
      weightPassages: 8,
      weightDraw: "independent",
      measure: "released",
      eta: 0.02,
      seed: 42,
    },
  },
};
