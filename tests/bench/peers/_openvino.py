"""Encodes with an exported all-MiniLM-L6-v2 by OpenVINO.

int8 is what sentence-transformers' export_static_quantized_openvino_model does:
NNCF's quantisation after training, calibrated by 300 of the passages.
"""
import openvino
from _encode import encoder, feeds, model_path, read_texts, read_tokenizer


def open_openvino(folder, int8):
    tokenizer = read_tokenizer(folder)
    model = openvino.Core().read_model(model_path(folder))
    if int8:
        model = quantised(model, tokenizer, read_texts(folder))
    # Otherwise it computes in bfloat16 where the processor has it: what int8
    # leaves may be.
    settings = {} if int8 else {"INFERENCE_PRECISION_HINT": "f32"}
    request = openvino.Core().compile_model(model, "CPU", settings).create_infer_request()
    return encoder(lambda inputs: request.infer(inputs)["sentence_embedding"], tokenizer)


def quantised(model, tokenizer, texts):
    import nncf

    return nncf.quantize(
        model,
        nncf.Dataset([feeds(tokenizer, [text]) for text in texts[:: max(1, len(texts) // 300)]]),
        model_type=nncf.ModelType.TRANSFORMER,
        subset_size=300,
    )
