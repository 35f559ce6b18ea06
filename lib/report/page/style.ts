/** The looks of a report: one column, the system's own face, two grounds. */
export const REPORT_STYLE = `
:root {
  color-scheme: light dark;
  --ink: #1f2328;
  --muted: #57606a;
  --line: #d0d7de;
  --soft: #f6f8fa;
  --ground: #ffffff;
  --link: #0a5fa8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e6edf3;
    --muted: #9da7b3;
    --line: #363d47;
    --soft: #171c23;
    --ground: #0f1319;
    --link: #6cb6ff;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--ground);
  color: var(--ink);
  font: 1rem/1.55 -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "Liberation Sans", "Noto Sans", sans-serif;
}
main { max-width: 62rem; margin: 0 auto; padding: 3rem 1.5rem 4rem; }
h1 { font-size: clamp(1.5rem, 1.1rem + 2vw, 2.1rem); line-height: 1.2; font-weight: 650; letter-spacing: -0.012em; margin: 0 0 1rem; overflow-wrap: anywhere; text-wrap: balance; }
h2 { font-size: 1.2rem; line-height: 1.3; font-weight: 650; margin: 0 0 0.75rem; overflow-wrap: anywhere; }
section { margin-top: 2.75rem; }
p { margin: 0 0 0.5rem; overflow-wrap: anywhere; }
.summary { max-width: 44rem; font-size: 1.08rem; border-left: 3px solid var(--line); padding-left: 1rem; }
.summary p:last-child { margin-bottom: 0; }
.warnings { max-width: 44rem; margin-top: 1rem; border-left: 3px solid #c48300; padding-left: 1rem; }
.warnings ul { margin: 0.25rem 0 0; padding-left: 1.1rem; }
.warnings li { overflow-wrap: anywhere; margin-bottom: 0.25rem; }
footer { margin-top: 2.75rem; color: var(--muted); font-size: 0.88rem; }
.tip { position: fixed; z-index: 9; display: none; max-width: min(24rem, 90vw); padding: 0.4rem 0.6rem; background: var(--ground); color: var(--ink); border: 1px solid var(--muted); border-radius: 4px; font-size: 0.85rem; line-height: 1.35; overflow-wrap: anywhere; white-space: pre-wrap; pointer-events: none; }
.tip.shown { display: block; }
.tip b { font-weight: 500; color: var(--muted); }
.scroll { overflow-x: auto; border-radius: 2px; }
.scroll.cut { mask-image: linear-gradient(to right, #000 calc(100% - 2.5rem), transparent); }
.scroll.cut:focus-visible { mask-image: none; }
.hint { margin: 0 0 0.35rem; color: var(--muted); font-size: 0.88rem; }
.scroll:focus-visible, a:focus-visible, button:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
table { border-collapse: collapse; font-size: 0.92rem; font-variant-numeric: tabular-nums; }
th, td { padding: 0.38rem 0.75rem; white-space: nowrap; }
tr > :first-child { padding-left: 0.25rem; }
tbody th[scope="row"], tfoot th[scope="row"] { font-weight: 500; white-space: normal; overflow-wrap: anywhere; min-width: 8rem; max-width: 24rem; }
thead th { color: var(--muted); font-weight: 600; border-bottom: 1.5px solid var(--muted); vertical-align: bottom; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
tbody tr:hover > * { background: var(--soft); }
tfoot tr > * { border-top: 1.5px solid var(--muted); }
tfoot tr > td, tfoot th[scope="row"] { font-weight: 650; }
th button { all: unset; cursor: pointer; font: inherit; color: inherit; white-space: nowrap; }
th button:hover { color: var(--ink); }
th button:focus-visible { outline: 2px solid var(--link); outline-offset: 3px; }
th button::after { content: "\\2195"; content: "\\2195" / ""; opacity: 0.45; padding-left: 0.3em; font-weight: 400; }
th[aria-sort] button { color: var(--ink); }
th[aria-sort="ascending"] button::after { content: "\\2191"; content: "\\2191" / ""; opacity: 1; }
th[aria-sort="descending"] button::after { content: "\\2193"; content: "\\2193" / ""; opacity: 1; }
figure { margin: 0; }
.plot { color: var(--ink); }
.finding { font-weight: 600; max-width: 44rem; margin-bottom: 0.15rem; }
.how { color: var(--muted); font-size: 0.94rem; max-width: 44rem; margin-bottom: 0.9rem; }
.plot svg { display: block; max-width: 100%; height: auto; }
.drawing > svg { min-width: 44rem; }
.live svg, .slim svg { max-width: none; }
.slim { display: none; }
figcaption { color: var(--muted); font-size: 0.94rem; max-width: 44rem; margin-top: 0.5rem; overflow-wrap: anywhere; }
summary { cursor: pointer; border-radius: 2px; }
summary:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.fold > summary h2 { display: inline; margin: 0; }
.fold[open] > summary { margin-bottom: 0.75rem; }
.intro { color: var(--muted); max-width: 44rem; margin-bottom: 0.75rem; }
.texts { max-width: 44rem; margin: 0; padding: 0; list-style: none; }
.texts li { padding: 0.55rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
.texts + details > summary { padding: 0.55rem 0; border-top: 1px solid var(--line); color: var(--link); }
.downloads { margin: 0.6rem 0 0; font-size: 0.88rem; }
a { color: var(--link); text-underline-offset: 0.15em; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.terms { margin: -0.4rem 0 0.8rem; max-width: 44rem; font-size: 0.88rem; color: var(--muted); }
header .terms { margin-top: 0.9rem; }
.terms dl { margin: 0.5rem 0 0; padding: 0.6rem 0.9rem; background: var(--soft); border-radius: 4px; font-size: 1em; }
.terms dt { color: var(--ink); font-weight: 600; }
dl { display: grid; grid-template-columns: minmax(6rem, max-content) minmax(0, 1fr); gap: 0.3rem 1.25rem; margin: 0; font-size: 0.92rem; }
dt { color: var(--muted); overflow-wrap: anywhere; }
dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
pre { margin: 0; font: 0.92em/1.5 ui-monospace, "SF Mono", Menlo, Consolas, monospace; white-space: pre-wrap; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  .broad { display: none; }
  .slim { display: block; }
  main { padding: 1.5rem 1rem 3rem; }
  section { margin-top: 2.25rem; }
  dl { grid-template-columns: 1fr; gap: 0; }
  dd { margin-bottom: 0.6rem; }
  tr > :first-child { position: sticky; left: 0; z-index: 1; background: var(--ground); max-width: 44vw; }
}
@media print {
  :root { --ink: #000; --muted: #444; --line: #ccc; --soft: #fff; --ground: #fff; --link: #000; }
  main { max-width: none; padding: 0; }
  section, figure, tr { break-inside: avoid; }
  .downloads, .tip, .hint, th button::after { display: none; }
  .scroll { overflow: visible; mask-image: none !important; }
  .drawing svg { min-width: 0; max-width: 100%; }
  .broad { display: block; }
  .slim { display: none; }
}
`;
