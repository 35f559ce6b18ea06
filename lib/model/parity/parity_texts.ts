/**
 * Texts on which tokenizers and models differ if anything is wrong: scripts,
 * combining marks, emoji, code, digits, white space, special tokens typed by a
 * user, nothing at all, and more words than most limits.
 */
export const PARITY_TEXTS: readonly string[] = [
  "A retriever turns texts into vectors.",
  "what is the boiling point of water at 3,000 m?",
  "Überraschend schöne Äpfel, naïve café, Ångström",
  "e\u0301 and é are one letter; ﬁ is a ligature",
  "水の沸点は何度ですか。北京是中国的首都。",
  "ما هي عاصمة مصر؟ القاهرة",
  "मुझे हिन्दी में उत्तर चाहिए; ภาษาไทยไม่เว้นวรรค",
  "👩‍🔬 measures 🌡️ 100 °C 🇯🇵",
  "for (let i = 0; i < n; i++) { sum += x[i] ** 2; }",
  "  leading,\ttabs\n\nand   many spaces  ",
  "[CLS] <s> </s> <|endoftext|> [MASK] are typed by hand",
  "",
  Array.from({ length: 700 }, (_, i) => `word${i % 37}`).join(" "),
];
