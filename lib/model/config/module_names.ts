import type { Pooling } from "./modules.ts";

/**
 * Our name → theirs (`pooling_mode` of version 6, and the flag before it), in the
 * order in which several flags are put end to end.
 */
export const POOLING_MODES: Readonly<
  Record<Pooling, { mode: string; flag: string }>
> = {
  cls: { mode: "cls", flag: "pooling_mode_cls_token" },
  max: { mode: "max", flag: "pooling_mode_max_tokens" },
  mean: { mode: "mean", flag: "pooling_mode_mean_tokens" },
  meanSqrtLength: {
    mode: "mean_sqrt_len_tokens",
    flag: "pooling_mode_mean_sqrt_len_tokens",
  },
  weightedMean: {
    mode: "weightedmean",
    flag: "pooling_mode_weightedmean_tokens",
  },
  lastToken: { mode: "lasttoken", flag: "pooling_mode_lasttoken" },
};

/** Our names. */
export const POOLINGS = Object.keys(POOLING_MODES) as Pooling[];

/** PyTorch's class of each activation. */
export const ACTIVATION_CLASSES = {
  identity: "torch.nn.modules.linear.Identity",
  tanh: "torch.nn.modules.activation.Tanh",
  relu: "torch.nn.modules.activation.ReLU",
  gelu: "torch.nn.modules.activation.GELU",
} as const;
