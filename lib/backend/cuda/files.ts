// Part of the module graph, so that they reach those who import the package from
// JSR, as those of `native/files.ts` do.
import adamwCu from "./adamw.cu" with { type: "text" };
import attentionCu from "./attention.cu" with { type: "text" };
import columnsCu from "./columns.cu" with { type: "text" };
import columnsH from "./columns.h" with { type: "text" };
import deviceH from "./device.h" with { type: "text" };
import driverCc from "./driver.cc" with { type: "text" };
import driverH from "./driver.h" with { type: "text" };
import elementsCu from "./elements.cu" with { type: "text" };
import emulatorCc from "./emulator.cc" with { type: "text" };
import emulatorH from "./emulator.h" with { type: "text" };
import feedForwardCu from "./feed_forward.cu" with { type: "text" };
import gpuActivationH from "./gpu_activation.h" with { type: "text" };
import gpuCallH from "./gpu_call.h" with { type: "text" };
import gradientCc from "./gradient.cc" with { type: "text" };
import gradientH from "./gradient.h" with { type: "text" };
import linearCc from "./linear.cc" with { type: "text" };
import normCu from "./norm.cu" with { type: "text" };
import productCu from "./product.cu" with { type: "text" };
import productH from "./product.h" with { type: "text" };
import roundH from "./round.h" with { type: "text" };
import rowPassH from "./row_pass.h" with { type: "text" };
import rowsCu from "./rows.cu" with { type: "text" };
import callH from "../native/call.h" with { type: "text" };
import precisionH from "../native/precision.h" with { type: "text" };
import tensorflowH from "../native/tensorflow.h" with { type: "text" };
import wantedH from "../native/wanted.h" with { type: "text" };

/** The files of the CUDA kernels by name; a test holds that none is missing. */
export const CUDA_FILES: Readonly<Record<string, string>> = {
  "adamw.cu": adamwCu,
  "attention.cu": attentionCu,
  "call.h": callH,
  "columns.cu": columnsCu,
  "columns.h": columnsH,
  "device.h": deviceH,
  "driver.cc": driverCc,
  "driver.h": driverH,
  "elements.cu": elementsCu,
  "emulator.cc": emulatorCc,
  "emulator.h": emulatorH,
  "feed_forward.cu": feedForwardCu,
  "gpu_activation.h": gpuActivationH,
  "gpu_call.h": gpuCallH,
  "gradient.cc": gradientCc,
  "gradient.h": gradientH,
  "linear.cc": linearCc,
  "norm.cu": normCu,
  "precision.h": precisionH,
  "product.cu": productCu,
  "product.h": productH,
  "round.h": roundH,
  "row_pass.h": rowPassH,
  "rows.cu": rowsCu,
  "tensorflow.h": tensorflowH,
  "wanted.h": wantedH,
};
