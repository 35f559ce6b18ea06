export { setupOnnx as setup } from "../_onnx_work.ts";
