import assert from "node:assert/strict";
import {
  createTokenizer,
  loadTokenizer,
  type Tokenizer,
} from "../../lib/model/tokenizer/tokenizer.ts";
import { trainTokenizer } from "../../lib/model/tokenizer/train_tokenizer.ts";
import { fromFileUrl } from "../_paths.ts";
import { hasShared, shared } from "../_shared.ts";
import { compilerMessages } from "./_compiler_messages.ts";

/** `TDRO_PYTHON`, or the python3 on the path; `null` if it lacks tokenizers. */
const PYTHON = findPython();

function findPython(): string | null {
  const python = Deno.env.get("TDRO_PYTHON") ?? "python3";
  try {
    const { success } = new Deno.Command(python, {
      args: ["-c", "import tokenizers"],
      stdout: "null",
      stderr: "null",
    }).outputSync();
    return success ? python : null;
  } catch {
    return null;
  }
}

/** 2,000 texts: messages in 14 languages, and mixtures of difficult pieces. */
function variedTexts(): string[] {
  const messages = Object.values(compilerMessages()).flatMap((list) =>
    list.slice(0, 100)
  );
  const hard = [
    "ΟΔΥΣΣΕΥΣ",
    "İstanbul",
    "straße",
    "Ｆｕｌｌ",
    "각",
    "각",
    "が",
    "か\u3099",
    "e\u0301",
    "Việt",
    "ไทยภาษา",
    "हिन्दी",
    "አማርኛ",
    "שָׁלוֹם",
    "مَرحبا",
    "𠀀𪜀",
    "丽",
    "中文字",
    "ｶﾞ",
    "½",
    "ﬁ",
    "…",
    "™",
    "²",
    "[MASK]",
    "[mask]",
    "[CLS]x",
    "a[SEP]b",
    "\u0085",
    "\u200B",
    "\u00AD",
    "\uFEFF",
    "\u3000",
    "\u00A0",
    "\t",
    "\r\n",
    "\u0000",
    "\uFFFD",
    "👨‍👩‍👧",
    "🇩🇪",
    "don't",
    "a_b",
    "x86_64",
    "$5.00",
    "C++",
    "100%",
    "https://a.b/c?d=e",
    "W".repeat(150),
    "ก".repeat(250),
    "—",
    "،",
  ];
  // A fixed walk through all pairs and triples of some.
  for (let i = 0; messages.length < 2000; i++) {
    const at = (k: number) => hard[(i * k + (i >> 4)) % hard.length]!;
    messages.push(`${at(1)}${at(7)} ${at(13)}${i % 3 ? at(5) : " "}${at(11)}`);
  }
  return messages.slice(0, 2000);
}

function hfTest(name: string, ignore: boolean, make: () => Promise<Tokenizer>) {
  Deno.test({
    name: `${name}: 2,000 texts give the ids of Hugging Face's tokenizers`,
    ignore: ignore || PYTHON === null,
    fn: async () => {
      const tokenizer = await make();
      const folder = await Deno.makeTempDir();
      try {
        await tokenizer.save(folder);
        const texts = variedTexts();
        const maxLength = 24;
        const child = new Deno.Command(PYTHON!, {
          args: [
            fromFileUrl(new URL("../parity/tokenizer_hf.py", import.meta.url)),
          ],
          stdin: "piped",
          stdout: "piped",
        }).spawn();
        const output = child.output();
        const input = child.stdin.getWriter();
        await input.write(new TextEncoder().encode(JSON.stringify({
          tokenizer: `${folder}/tokenizer.json`,
          texts,
          maxLength,
        })));
        await input.close();
        const { stdout, success } = await output;
        assert.ok(success);
        const want = JSON.parse(new TextDecoder().decode(stdout));
        const whole = tokenizer.encode(texts).ids;
        const cut = tokenizer.encode(texts, { maxLength }).ids;
        texts.forEach((text, i) => {
          assert.deepEqual(whole[i], want.ids[i], JSON.stringify(text));
          assert.deepEqual(cut[i], want.cut[i], JSON.stringify(text));
        });
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

hfTest(
  "trainTokenizer()",
  false,
  () =>
    Promise.resolve(createTokenizer(trainTokenizer(
      Object.values(compilerMessages()).flat(),
      { vocabSize: 6000 },
    ))),
);
hfTest(
  "loadTokenizer(bert-tiny)",
  !hasShared(),
  () => loadTokenizer(shared("fixtures/models/checkpoints/bert-tiny")),
);
