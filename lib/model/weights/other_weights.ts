import { join } from "node:path";
import { isFolder } from "../../base/files/exists.ts";
import { shellWord } from "../../base/shell_word.ts";

/** Python that reads weights in any form that transformers knows, and writes ours. */
const convertLine = (folder: string, options = "") =>
  `python3 -c "import sys; from transformers import AutoModel; AutoModel.from_pretrained(sys.argv[1]${options}).save_pretrained(sys.argv[1])" ${
    shellWord(folder)
  }`;

/** Weights in other forms, by their file's name, and what makes ours of them. */
const OTHERS: readonly [
  name: RegExp,
  mend: (folder: string, file: string) => string,
][] = [
  [
    /^pytorch_model(-\d+-of-\d+)?\.bin(\.index\.json)?$/,
    (folder) => `convert it once: ${convertLine(folder)}`,
  ],
  [
    /^tf_model\.h5$/,
    (folder) =>
      `convert it once, with transformers 4 and TensorFlow: ${
        convertLine(folder, ", from_tf=True")
      }`,
  ],
  [
    /^flax_model\.msgpack$/,
    (folder) =>
      `convert it once, with transformers 4 and Flax: ${
        convertLine(folder, ", from_flax=True")
      }`,
  ],
  [
    /\.gguf$/,
    (folder, file) =>
      `convert it once (pip install gguf): ${
        convertLine(folder, `, gguf_file='${file.replaceAll(/[^\w.-]/g, "?")}'`)
      }`,
  ],
  [
    /\.onnx$/,
    () =>
      "it is an export for inference; take the repository whose weights are safetensors",
  ],
];

/**
 * What a folder without safetensors has instead, as the end of a message that
 * says how to go on.
 */
export async function otherWeights(folder: string): Promise<string> {
  const files: string[] = [];
  for (const below of ["", "onnx"]) {
    const place = join(folder, below);
    if (!await isFolder(place)) continue;
    for await (const { name } of Deno.readDir(place)) files.push(name);
  }
  files.sort();
  for (const [name, mend] of OTHERS) {
    const file = files.find((file) => name.test(file));
    if (file !== undefined) return `: got ${file}; ${mend(folder, file)}`;
  }
  return "; fetch it again, or save it with transformers' save_pretrained()";
}
