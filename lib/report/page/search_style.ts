/** What the search page has beyond {@linkcode REPORT_STYLE}. */
export const SEARCH_STYLE = `
:root { --good: #116329; --good-soft: #e6f4ea; }
@media (prefers-color-scheme: dark) {
  :root { --good: #56d364; --good-soft: #12261a; }
}
main.search { max-width: 96rem; padding-top: 2rem; }
.search h1 a { color: inherit; text-decoration: none; }
.search h1 a:hover { text-decoration: underline; }
.search h3 { font-size: 1.02rem; line-height: 1.3; margin: 0 0 0.5rem; overflow-wrap: anywhere; }
.search section { margin-top: 2rem; }
#content > section:first-child { margin-top: 0.75rem; }
.search th { text-align: left; }
#about, #state, .facts, .waiting { color: var(--muted); }
#state { min-height: 1.55em; margin: 0.75rem 0 0; }
.facts { max-width: 60rem; }
form { display: flex; flex-wrap: wrap; align-items: end; gap: 0.75rem; margin-top: 1.5rem; }
form p { margin: 0; min-width: 0; }
form p:nth-child(2) { flex: 1 1 18rem; }
label { display: block; font-size: 0.88rem; color: var(--muted); margin-bottom: 0.2rem; }
select, input, form button { font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--muted); border-radius: 4px; padding: 0.4rem 0.6rem; min-height: 2.75rem; width: 100%; max-width: 100%; }
form p:first-child { max-width: min(20rem, 100%); }
form button { cursor: pointer; background: var(--soft); font-weight: 600; padding: 0.4rem 1.2rem; }
form button:hover { border-color: var(--ink); }
select:focus-visible, input:focus-visible, summary:focus-visible, .columns:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.columns { display: grid; grid-auto-flow: column; grid-auto-columns: minmax(13rem, 1fr); gap: 1.25rem; overflow-x: auto; padding-bottom: 0.75rem; }
.search .columns > section { margin: 0; min-width: 0; }
.columns ol { margin: 0; padding: 0; list-style: none; counter-reset: rank; }
.columns li { counter-increment: rank; border-top: 1px solid var(--line); padding: 0.5rem 0.5rem 0.6rem; font-size: 0.92rem; overflow-wrap: anywhere; }
.columns li.relevant { background: var(--good-soft); box-shadow: inset 3px 0 0 var(--good); }
.top { display: flex; flex-wrap: wrap; gap: 0.1rem 0.6rem; color: var(--muted); font-size: 0.86rem; font-variant-numeric: tabular-nums; }
.hits .top::before { content: counter(rank) "."; }
.top .score { margin-left: auto; }
.mark { order: 1; flex-basis: 100%; color: var(--good); font-weight: 650; }
.mark.not { color: var(--muted); }
.columns li p { margin: 0.15rem 0 0; white-space: pre-wrap; }
summary { cursor: pointer; margin-top: 0.15rem; }
details .less { display: none; color: var(--link); }
details[open] .less { display: inline; }
details[open] .cut { display: none; }
progress { width: 100%; accent-color: var(--link); }
.error { color: #b3261e; }
@media (prefers-color-scheme: dark) { .error { color: #ff9d94; } }
.best { font-weight: 650; }
td.text { white-space: normal; min-width: 16rem; max-width: 44rem; overflow-wrap: anywhere; }
.search td.number, .search th.number { text-align: right; }
@media (max-width: 40rem) {
  main.search { padding-top: 1.25rem; }
  form p { flex: 1 1 100%; }
  form p:first-child { max-width: none; }
  .columns { grid-auto-columns: minmax(80%, 1fr); scroll-snap-type: x proximity; gap: 1rem; }
  .columns > section { scroll-snap-align: start; }
}
`;
