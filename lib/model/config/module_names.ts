import type { Pooling } from "./modules.ts";

/** Our name → theirs (`pooling_mode` of version 6, and the flag before it). */
export const POOLING_MODES: Readonly<
  Record<Pooling, { mode: string; flag: string }>
> = {
  cls: { mode: "cls", flag: "pooling_mode_cls_token" },
  mean: { mode: "mean", flag: "pooling_mode_mean_tokens" },
  lastToken: { mode: "lasttoken", flag: "pooling_mode_lasttoken" },
  weightedMean: {
    mode: "weightedmean",
    flag: "pooling_mode_weightedmean_tokens",
  },
};

/** PyTorch's class of each activation. */
export const ACTIVATION_CLASSES = {
  identity: "torch.nn.modules.linear.Identity",
  tanh: "torch.nn.modules.activation.Tanh",
  relu: "torch.nn.modules.activation.ReLU",
  gelu: "torch.nn.modules.activation.GELU",
} as const;
