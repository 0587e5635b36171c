/** The page's style sheet: one column, system fonts, both themes by the reader's setting. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#fbfbf9;--paper:#fff;--ink:#1b1f24;--soft:#5b6570;--line:#e2e4e1;--high:#b3261e;--high-ground:#fdf0ee;--medium:#8a5a00;--medium-ground:#fdf6e3;--add:#116329;--add-ground:#e9f7ec;--del:#a40e26;--del-ground:#fdeef0;--link:#0b57a4;--code:#f4f5f2}
@media(prefers-color-scheme:dark){:root{--ground:#14171a;--paper:#1b1f23;--ink:#e4e7ea;--soft:#9aa4ae;--line:#2e343a;--high:#ff8a80;--high-ground:#331a19;--medium:#f0c06a;--medium-ground:#2d2513;--add:#7ddc94;--add-ground:#12291a;--del:#ff9aa8;--del-ground:#33181d;--link:#8cc2ff;--code:#22272c}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",sans-serif;font-variant-numeric:tabular-nums}
main{max-width:68rem;margin:0 auto;padding:2.5rem 1.5rem 5rem}
h1{font-size:1.75rem;line-height:1.2;margin:0 0 .35rem;letter-spacing:-.015em;overflow-wrap:anywhere}
h2{font-size:1.15rem;margin:3rem 0 .9rem;padding-bottom:.45rem;border-bottom:1px solid var(--line)}
h2 small,h3 small{font-weight:400;color:var(--soft);font-size:.875rem;margin-left:.5rem}
h3{font-size:1rem;margin:0;overflow-wrap:anywhere}
p{margin:.4rem 0}
code,pre,.path,.ls{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;font-size:.8125rem}
.soft{color:var(--soft)}
.digest{font-size:.75rem;color:var(--soft);overflow-wrap:anywhere}
.strip{display:flex;flex-wrap:wrap;gap:1px;margin:1.75rem 0 0;background:var(--line);border:1px solid var(--line);border-radius:.6rem;overflow:hidden}
.strip div{flex:1 1 7rem;background:var(--paper);padding:.85rem 1rem}
.strip dt{font-size:.8125rem;color:var(--soft)}
.strip dd{margin:.2rem 0 0;font-size:1.125rem;font-weight:600;line-height:1.3;white-space:nowrap}
.strip dd span+span{margin-left:.55rem}
.add{color:var(--add)}.del{color:var(--del)}.high{color:var(--high)}.medium{color:var(--medium)}
.hazard{border:1px solid var(--high);border-left-width:.3rem;background:var(--high-ground);border-radius:.5rem;padding:1rem 1.2rem;margin:0 0 1rem}
.hazard h3 code{margin-left:.5rem;font-weight:400;color:var(--soft)}
.hazard .do{font-weight:600}
.hazard ul{margin:.6rem 0 0;padding-left:1.2rem;color:var(--soft)}
.hazard li{overflow-wrap:anywhere}
.item{border-top:1px solid var(--line);padding:.8rem 0}
.item:first-of-type{border-top:0}
.head{display:flex;flex-wrap:wrap;gap:.2rem .7rem;align-items:baseline}
.tag{font-size:.75rem;font-weight:600;padding:.05rem .5rem;border-radius:1rem;border:1px solid currentColor;white-space:nowrap}
.tag.low,.tag.none{color:var(--soft);font-weight:500}
.reasons{margin:.25rem 0 0;padding:0;list-style:none;font-size:.9375rem}
.reasons li{display:inline}.reasons li+li::before{content:" · ";color:var(--soft)}
.reasons.high{color:var(--high)}.reasons.low,.reasons.none{color:var(--soft)}
.path{overflow-wrap:anywhere;font-weight:600}
.ls{display:block;overflow-x:auto;white-space:pre;color:var(--soft);margin:.3rem 0 0;tab-size:4}
.ls del{color:var(--del);text-decoration:none}.ls ins{color:var(--add);text-decoration:none}
pre{margin:.55rem 0 0;padding:.7rem .9rem;background:var(--code);border-radius:.45rem;overflow-x:auto;line-height:1.5}
pre.diff{padding:.45rem 0}
pre.diff span{display:block;padding:0 .9rem;min-width:max-content;white-space:pre}
pre.diff .a{background:var(--add-ground);color:var(--add)}
pre.diff .d{background:var(--del-ground);color:var(--del)}
pre.diff .h{color:var(--soft)}
details{margin:.55rem 0 0}
summary{cursor:pointer;color:var(--link);font-size:.875rem}
details details{margin-left:1rem}
.facts{margin:.55rem 0 0;display:grid;grid-template-columns:max-content minmax(0,1fr);gap:.2rem 1rem;font-size:.875rem}
.facts dt{color:var(--soft)}
.facts details{margin:0}
.facts dd{margin:0;overflow-wrap:anywhere}
.facts dd span{display:inline-block;margin-right:.8rem}
.cves{font-size:.8125rem;color:var(--soft)}
.cves span{display:inline-block;margin-right:.6rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.875rem}
td,th{text-align:left;padding:.35rem .8rem .35rem 0;border-top:1px solid var(--line);vertical-align:top}
th{border-top:0;color:var(--soft);font-weight:500}
@media(max-width:40rem){main{padding:1.5rem 1rem 3rem}h1{font-size:1.4rem}.strip div{flex-basis:40%}.facts{grid-template-columns:1fr;gap:0}.facts dd{margin-bottom:.4rem}}
@media print{details{display:block}summary{display:none}}
`
